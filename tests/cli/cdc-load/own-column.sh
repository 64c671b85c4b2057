. "$DATA/load-lines.bash"
table | sed 's/"name":"note"/"name":"_deleted"/' | cdc-load --dry-run
