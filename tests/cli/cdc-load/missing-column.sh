. "$DATA/load-lines.bash"
{ table; change c '{"id":1}' null '{"id":1,"price":null}' 2; } | cdc-load --dry-run >/dev/null
