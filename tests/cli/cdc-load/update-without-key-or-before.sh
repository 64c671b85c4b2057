. "$DATA/load-lines.bash"
{
    table_without_key
    change u null null '{"word":"two"}' 3 '' log
} | cdc-load --dry-run >/dev/null
