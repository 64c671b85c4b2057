# FROM without quotes takes a table whose name has capitals while there is no other; one that is written so begins the
# view anew.
order() { printf '0001%016x%012x' "$1" "$2"; }
source() { echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"'"$1"'","order":"'"$(order "$2" 1)"'"}'; }
table() { echo '{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"a","type":"integer"}]},'"$(source "$1" "$2")"',"ts_ms":1}'; }
row() { echo '{"key":{"id":1},"before":null,"after":{"id":1,"a":'"$3"'},'"$(source "$1" "$2")"',"op":"c","ts_ms":1}'; }
checkpoint() { echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$1"'","order":"'"$(order "$1" 9)"'","commit_ts_ms":1,"snapshot":null},"ts_ms":1}'; }
echo 'CREATE VIEW v KEY (ID) AS SELECT T.ID, A AS Total FROM Public.T;' >views.sql
transform() { cdc-transform --log-level warning --views views.sql --state state --empty '*' --ack on-write | jq -c 'select(.op and .after) | [.op, .after]'; }
{ table T 1; row T 1 77; checkpoint 1; } | transform
{ table t 2; row t 2 5; row T 3 78; checkpoint 3; } | transform
{ row t 4 6; row T 5 79; checkpoint 5; } | transform
