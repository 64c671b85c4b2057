. "$DATA/load-lines.bash"
{
    table
    insert 1 1 '"123456789.99"'
    insert 2 2 '"-Infinity"'
    insert 3 3 '"NaN"'
    change c '{"id":4}' null '{"id":4,"price":"1.00","note":"x","made":"infinity"}' 17
    change c '{"id":5}' null '{"id":5,"price":"1.00","note":"x","made":"0044-03-15T00:00:00Z BC"}' 18
    change c '{"id":6}' null '{"id":6,"price":"1.00","note":"x","made":"10000-01-01T00:00:00Z"}' 19
} | cdc-load --dry-run --on-overflow clamp --on-bad-date clamp | grep '^\['
