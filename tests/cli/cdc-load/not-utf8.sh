. "$DATA/load-lines.bash"
{ table; insert 1 1 null '"\xff"' | sed 's/\\xff/\xff/'; } | LC_ALL=C cdc-load --dry-run >/dev/null
