# TYPE of a column that the state has as text: its rows get it, and views that read it are computed anew.
order() { printf '0001%016x%012x' "$1" "$2"; }
source='"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":'
row() { echo '{"key":{"id":'"$2"'},"before":null,"after":{"id":'"$2"',"z":"'"$3"'"},'"$source"'"'"$(order "$1" 1)"'"},"op":"c","ts_ms":1}'; }
checkpoint() { echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$1"'","order":"'"$(order "$1" 9)"'","commit_ts_ms":1,"snapshot":null},"ts_ms":1}'; }
transform() { cdc-transform --log-level warning --views views.sql --state state --empty '*' --ack on-write >out; echo "status $?"; jq -c 'select(.op and .after) | [.op, .after]' out; }
cat >views.sql <<'SQL'
CREATE VIEW v KEY (id) AS SELECT id, z FROM t;
CREATE VIEW lengths KEY (id) AS SELECT id, length(z::text) AS n FROM t;
SQL
{
    echo '{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"z","type":"numeric"}]},'"$source"'"'"$(order 1 0)"'"},"ts_ms":1}'
    row 1 1 10
    row 1 2 9.5
    checkpoint 1
} | transform
sed -i '1i TYPE T.Z decimal(9,2);' views.sql
echo 'CREATE VIEW most KEY () AS SELECT max(z) AS z FROM t;' >>views.sql
: | transform
{ row 2 3 1; checkpoint 2; } | transform
sed -i 's/decimal(9,2)/decimal(9,1)/' views.sql
{ row 3 4 2; checkpoint 3; } | transform
sed -i 1d views.sql
{ row 4 5 2; checkpoint 4; } | transform
