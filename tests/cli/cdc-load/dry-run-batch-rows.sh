. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    insert 2 2
    insert 3 3
} | cdc-load --dry-run --batch-rows 2 | tail -n 4
