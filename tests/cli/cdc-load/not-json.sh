. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    checkpoint 32
    echo 'hello'
} | cdc-load --dry-run >out
code=$?
tail -n 2 out # what was before the bad line is not lost
exit $code
