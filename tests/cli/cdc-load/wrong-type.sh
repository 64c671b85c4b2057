. "$DATA/load-lines.bash"
{ table; insert '"seven"' 1; } | cdc-load --dry-run >/dev/null
