. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    change t null null null 33
    checkpoint 34
} | cdc-load --dry-run --on-truncate ignore | grep -e '^--' -e '^\['
