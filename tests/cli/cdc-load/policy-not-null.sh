. "$DATA/load-lines.bash"
{
    table | sed 's/"type":"timestamp(3) with time zone","nullable":true/"type":"date","nullable":false/'
    change c '{"id":1}' null '{"id":1,"price":"1.00","note":"x","made":null}' 17
    change c '{"id":2}' null '{"id":2,"price":"1.00","note":"x","made":"0000-00-00"}' 18
} | cdc-load --dry-run --on-null default --on-bad-date null | grep '^\['
{
    table | sed 's/"type":"timestamp(3) with time zone","nullable":true/"type":"date","nullable":false/'
    change c '{"id":1}' null '{"id":1,"price":"1.00","note":"x","made":null}' 17
} | cdc-load --dry-run --on-null fail >/dev/null
