# A view over two views that change in one cut: the group whose key is of the old rows of both is counted again.
cat >views.sql <<'SQL'
CREATE VIEW u KEY (id) AS SELECT id, g + 1 AS h FROM t;
CREATE VIEW v KEY (id) AS SELECT id, g FROM t;
CREATE VIEW w KEY (g, h) AS SELECT v.g, u.h, count(*) AS n FROM v JOIN u ON u.id = v.id GROUP BY v.g, u.h;
SQL
order() { printf '0001%016x%012x' "$1" "$2"; }
source() { echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"'"$(order "$1" "$2")"'"}'; }
row() { [ -z "$1" ] && echo null || echo '{"id":1,"g":'"$1"'}'; }
change() { # NUMBER OP BEFORE AFTER
    echo '{"key":{"id":1},"before":'"$(row "$3")"',"after":'"$(row "$4")"','"$(source "$1" 1)"',"op":"'"$2"'","ts_ms":1}'
    echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$1"'","order":"'"$(order $(($1 + 1)) 0)"'","commit_ts_ms":'"$1"',"snapshot":null},"ts_ms":1}'
}
{
    echo '{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"g","type":"integer","nullable":false}]},'"$(source 1 0)"',"ts_ms":1}'
    change 2 c '' 7
    change 3 u 7 8
    change 4 d 8 ''
} >lines
cdc-transform --log-level warning --views views.sql --state state --empty '*' --ack on-write <lines >out || exit
jq -c 'select(.op) | [.source.table, .op, .key, .after]' out
