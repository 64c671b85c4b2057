. "$DATA/load-lines.bash"
{
    table
    table_without_key
} | cdc-load --dry-run --cluster "main" --target http://localhost/
