. "$DATA/load-lines.bash"
insert 1 1 | cdc-load --dry-run >/dev/null
