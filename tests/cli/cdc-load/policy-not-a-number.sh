. "$DATA/load-lines.bash"
{
    table
    insert 1 1 '"twelve"'
} | cdc-load --dry-run --on-overflow clamp --on-bad-date clamp --on-null default >/dev/null
