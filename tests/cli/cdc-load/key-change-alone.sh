. "$DATA/load-lines.bash"
# Through Kafka the create stands in another partition: the delete alone is applied.
{
    table
    change d '{"id":1}' '{"id":1}' null 20 '"key_after":{"id":3},'
    checkpoint 32
} | cdc-load --dry-run | grep -c INSERT
