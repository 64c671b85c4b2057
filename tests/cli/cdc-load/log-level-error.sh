. "$DATA/load-lines.bash"
{
    table
    insert 1 1 '"123456789.99"'
    change c '{"id":2}' null '{"id":2,"price":"NaN","note":"x","made":"infinity"}' 17
    change c '{"id":3}' null '{"id":3,"price":"1.00","note":"x","made":"0044-03-15T00:00:00Z BC"}' 18
} | cdc-load --log-level error --dry-run --on-overflow null --on-bad-date null | grep '^\['
