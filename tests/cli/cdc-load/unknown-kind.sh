. "$DATA/load-lines.bash"
{ table; echo '{"cheese":1}'; } | cdc-load --dry-run >/dev/null
