. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    insert 2 2 | head -c 100
} | cdc-load --dry-run >out
code=$?
tail -n 2 out
exit $code
