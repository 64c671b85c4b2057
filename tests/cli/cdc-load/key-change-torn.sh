. "$DATA/load-lines.bash"
# A delete whose create may still come is not applied.
{
    table
    change d '{"id":1}' '{"id":1}' null 20 '"key_after":{"id":3},'
} | cdc-load --dry-run | grep -c INSERT
