# What is done once in many cuts is done: keys of rows that were deleted are forgotten.
cat >views.sql <<'SQL'
CREATE VIEW v KEY (id) AS SELECT id FROM t;
SQL
order() { printf '0001%016x%012x' "$1" "$2"; }
source() { echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"'"$(order "$1" "$2")"'"}'; }
{
    echo '{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1}]},'"$(source 1 0)"',"ts_ms":1}'
    for n in $(seq 2 140); do
        if [ $((n % 2)) = 0 ]; then
            echo '{"key":{"id":1},"before":null,"after":{"id":1},'"$(source "$n" 1)"',"op":"c","ts_ms":1}'
        else
            echo '{"key":{"id":1},"before":{"id":1},"after":null,'"$(source "$n" 1)"',"op":"d","ts_ms":1}'
        fi
        echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$n"'","order":"'"$(order $((n + 1)) 0)"'","commit_ts_ms":'"$((n * 86400000))"',"snapshot":null},"ts_ms":1}'
    done
} >lines
cdc-transform --log-level warning --views views.sql --state state --empty '*' --merge-after 1h --ack on-write <lines >out || exit
grep -c '"op":"[cd]"' out
