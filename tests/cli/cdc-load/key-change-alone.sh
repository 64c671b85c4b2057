. "$DATA/load-lines.bash"
{
    table
    change d '{"id":1}' '{"id":1}' null 20 '"key_after":{"id":3},'
    checkpoint 32
} | cdc-load --dry-run >/dev/null
