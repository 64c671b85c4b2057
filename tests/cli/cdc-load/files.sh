# files one after the other, stdin among them; an error names the file
. "$DATA/load-lines.bash"
{ table; insert 1 1; } >first
insert 2 2 >third
insert 3 3 | cdc-load --dry-run first - third | tail -n 4
{ table; echo hello; } >broken
cdc-load --dry-run first broken third >out
echo "exit status $?"
cdc-load --dry-run first missing >out
echo "exit status $?"
mkdir folder
cdc-load --dry-run folder >out
echo "exit status $?"
cdc-load --target chdb:t --purge first
echo "exit status $?"
