. "$DATA/load-lines.bash"
{
    table
    insert 1 1 '"1.005"'
} | cdc-load --dry-run --on-overflow clamp >/dev/null
