. "$DATA/load-lines.bash"
table | cdc-load --dry-run --cluster "main" --mode history
