. "$DATA/load-lines.bash"
{
    table
    printf '{"key":{"id":1},"before":null,"after":{"id":1,"price":null,"note":"'
    head -c 50000000 /dev/zero | tr '\0' x
    printf '","made":null},"source":%s,"op":"c","ts_ms":2}\n' "$(source_of "$(order 2 1)")"
} | cdc-load --dry-run >out
code=$?
grep -o '^\[1,null,"xxx' out
wc -c <out
exit $code
