. "$DATA/load-lines.bash"
{ table; insert 1 1 '"123456789.00"'; } | cdc-load --dry-run >/dev/null
