# --merge-after 0s leaves a cut only for one that waits already, and makes the last.
cat >views.sql <<'SQL'
CREATE VIEW v KEY (id) AS SELECT id FROM t;
SQL
order() { printf '0001%016x%012x' "$1" "$2"; }
source() { echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"'"$(order "$1" "$2")"'"}'; }
{
    echo '{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1}]},'"$(source 1 0)"',"ts_ms":1}'
    for n in 2 3 4; do
        echo '{"key":{"id":'"$n"'},"before":null,"after":{"id":'"$n"'},'"$(source "$n" 1)"',"op":"c","ts_ms":1}'
        echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$n"'","order":"'"$(order $((n + 1)) 0)"'","commit_ts_ms":1,"snapshot":null},"ts_ms":1}'
    done
} >lines
cdc-transform --log-level warning --views views.sql --state state --empty '*' --merge-after 0s --ack on-write <lines >out || exit
grep -c '"op":"[cr]"' out
grep -o '"checkpoint":.*"position":"[^"]*"' out | grep -o 'position.*'
