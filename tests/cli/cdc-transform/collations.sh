# Texts of MySQL that other texts are equal to: compared they are refused, also as a job of Flink, which leaves the view
# out; with TYPE their bytes count.
cat >views.sql <<'SQL'
CREATE VIEW names KEY (id) AS SELECT id, name AS label FROM customers;
CREATE VIEW found KEY (id) AS
    SELECT id FROM names
    WHERE label = 'a';
SQL
source='"source":{"connector":"mysql","name":"s","ts_ms":1,"db":"shop","table":"customers","order":"00010000000000000001000000000000"}'
cat >lines <<END
{"table":{"name":"shop.customers","version":"1","collations":{"name":"utf8mb4_0900_ai_ci"},"columns":[{"name":"id","type":"int","nullable":false,"key":1},{"name":"name","type":"varchar(9)","nullable":true}]},$source,"ts_ms":1}
{"key":{"id":1},"before":null,"after":{"id":1,"name":"A"},$source,"op":"r","ts_ms":1}
{"key":{"id":2},"before":null,"after":{"id":2,"name":"a"},$source,"op":"r","ts_ms":1}
{"checkpoint":{"v":1,"kind":"mysql","server":"1","database":"shop","slot":"","position":"log.000001:4","order":"00010000000000000002000000000000","commit_ts_ms":1,"snapshot":null},"ts_ms":1}
END
transform() { cdc-transform --log-level warning --views views.sql --state state --empty '*' --ack on-write <lines >out; }
transform
echo "status $?, $(wc -l <out) lines"
cdc-transform --views views.sql --print-flink-sql --brokers k:1 <lines | grep '^CREATE TEMPORARY\|left out'
sed -i '1i TYPE shop.customers.name text;' views.sql
transform
jq -c 'select(.op and .source.table == "found") | .after' out
