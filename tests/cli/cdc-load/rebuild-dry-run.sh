. "$DATA/load-lines.bash"
snapshot() { echo '{"snapshot":{"status":"'"$1"'","whole":true},"source":'"$(source_of "$(order 48 0)")"',"ts_ms":1}'; }
{
    table
    snapshot begin
    change r '{"id":1}' null '{"id":1,"price":"5.00","note":"n","made":null}' 48
    insert 2 50
    snapshot end
    checkpoint 64
} | cdc-load --dry-run --rebuild
