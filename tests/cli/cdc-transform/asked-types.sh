# An expression whose types the engine is asked for twice, as a window's RANGE, goes on; one that it never takes is
# refused with file, line and construct, and TYPE of a column that is not there is warned of.
source='"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"00010000000000000001000000000000"}'
cat >lines <<END
{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"g","type":"integer"},{"name":"t","type":"text"}]},$source,"ts_ms":1}
{"key":{"id":1},"before":null,"after":{"id":1,"g":1,"t":"a"},$source,"op":"r","ts_ms":1}
{"key":{"id":2},"before":null,"after":{"id":2,"g":1,"t":"b"},$source,"op":"r","ts_ms":1}
{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/2","order":"00010000000000000002000000000000","commit_ts_ms":1,"snapshot":null},"ts_ms":1}
END
transform() { cdc-transform --log-level warning --views views.sql --state state --empty '*' --ack on-write <lines >out; }
cat >views.sql <<'SQL'
TYPE t.nope decimal(9,2);
CREATE VIEW v PARTITION (g) AS
    SELECT id, g, sum(id) OVER (PARTITION BY g ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t;
SQL
transform
echo "status $?"
jq -c 'select(.op) | .after' out
cat >views.sql <<'SQL'
CREATE VIEW v KEY (g) AS
    SELECT g,
        sum(t) AS s FROM t GROUP BY g;
SQL
transform
echo "status $?"
sed -i 's/sum(t) AS s FROM t GROUP BY g/k AS s FROM t JOIN (VALUES (1)) x (k) ON k = id/' views.sql
transform
echo "status $?"
