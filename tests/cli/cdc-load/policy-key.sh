. "$DATA/load-lines.bash"
{
    table
    insert 3000000000 1
} | cdc-load --dry-run --on-overflow clamp >/dev/null
