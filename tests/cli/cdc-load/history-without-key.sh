. "$DATA/load-lines.bash"
{
    table_without_key
    change c null null '{"word":"one"}' 2 '' log
    change u null '{"word":"one"}' '{"word":"two"}' 3 '' log
    change d null '{"word":"two"}' null 4 '' log
    change t null null null 5 '' log
} | cdc-load --dry-run --mode history
