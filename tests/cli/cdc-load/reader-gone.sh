# one wording for a reader that left
. "$DATA/load-lines.bash"
mkfifo pipe
exec 3<>pipe 4>pipe 3<&-
{ table; insert 1 1; } | cdc-load --dry-run >&4
