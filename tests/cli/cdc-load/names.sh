. "$DATA/load-lines.bash"
{
    table
    insert 1 1
    table_without_key
    change c null null '{"word":"one"}' 2 '' log
} | cdc-load --dry-run --table-name '{schema}_{table}' --raw-name '{name} changes' --view-name '{table}_now' \
    --version-column version --deleted-column is_deleted --source-time-column 'commit ms' \
    --load-time-column loaded_at --row-column n --sign-column sign
