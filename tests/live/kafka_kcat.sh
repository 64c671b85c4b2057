#!/usr/bin/env bash
# kcat reads our topics with keys, headers, tombstones and partitions as Java's clients would choose
# them; what kcat produces, in our form and in Debezium's, is consumed. Null, empty and binary keys,
# headers and values survive --with kafka.
# Pain 17: tombstones. Pain 42: Java's partitioner. Pain 52: null, headers and bytes go through.
. "$(dirname "$0")/lib.sh"
start kafka
B=$CDC_TEST_KAFKA_BROKERS
K="--brokers $B"
consume() { cdc-consume --brokers "$B" --exit-at-end "$@" 2>con.err | grep -v '^{"checkpoint'; }
published() { cdc-publish --brokers "$B" "$@" 2>pub.err || fail "cdc-publish $*"; }

say "records as kcat sees them"
"$HERE/kafka_lines.py" --rows 20 --keys 4 >in.ndjson
published --prefix k --partitions 3 <in.ndjson
kcat -q -b "$B" -C -t k.public.t0 -e -f '%p|%k|%S|%T|%h\n' >records
expect "tombstones" "$(grep -c '|-1|' records)" 2
grep '"op":"d"' in.ndjson | jq -c .key | sort >deleted
grep '|-1|' records | cut -d'|' -f2 | sort | cmp - deleted || fail "tombstones are not of the deleted keys"
version=$(jq -r 'select(.table)|.table.version' in.ndjson)
expect "version header" "$(grep -c "cdc.table-version=$version,cdc.order=0001" records)" 23
expect "record time" "$(grep '{"id":1}' records | sed -n 1p | cut -d'|' -f4)" \
    "$(grep '"key":{"id":1}' in.ndjson | sed -n 1p | jq .source.ts_ms)"
kcat -q -b "$B" -C -t k.public.t0 -e -f '%k\t%s\n' | grep -v '^	' >values
grep '^{"key":{' in.ndjson | sed -E 's/^\{"key":(\{[^}]*\}),/\1\t{/' | sort >wanted
grep -v '	$' values | sort | cmp - wanted || fail "keys and values are not the line's bytes"

say "partitions are those of Java's murmur2"
"$HERE/kafka_lines.py" --rows 80 --keys 40 >many.ndjson
published --prefix m --partitions 7 <many.ndjson
kcat -q -b "$B" -C -t m.public.t0 -e -f '%p|%k\n' >many
python3 - many <<'PY' || fail "a key is in another partition than Java's client would choose"
import sys
def murmur2(data):
    m, mask = 0x5bd1e995, 0xffffffff
    h = (0x9747b28c ^ len(data)) & mask
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    for i in range(len(data) - 1, whole - 1, -1):
        h ^= data[i] << 8 * (i - whole)
        if i == whole:
            h = h * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15
assert murmur2(b"21") == -973932308 & 0xffffffff  # from Kafka's own test
count = 0
for line in open(sys.argv[1]):
    partition, key = line.rstrip("\n").split("|")
    if key:
        assert int(partition) == (murmur2(key.encode()) & 0x7fffffff) % 7, line
        count += 1
assert count > 20
PY

say "schema-changes, heartbeat"
expect "schema key" "$(kcat -q -b "$B" -C -t k.schema-changes -e -f '%k\n')" \
    "{\"db\":\"inventory\",\"schema\":\"public\",\"table\":\"t0\",\"version\":\"$version\"}"
expect "schema value" "$(kcat -q -b "$B" -C -t k.schema-changes -e)" "$(grep '^{"table' in.ndjson)"
expect "heartbeat key" "$(kcat -q -b "$B" -C -t k.heartbeat -e -f '%k\n' | sed -n 1p)" '{"serverName":"k"}'

say "envelopes"
"$HERE/kafka_lines.py" --rows 7 --keys 9 >in.ndjson
published --prefix flat --envelope flat --no-tombstones <in.ndjson
kcat -q -b "$B" -C -t flat.public.t0 -e >flat
expect "flat rows" "$(wc -l <flat)" 7
expect "flat row" "$(head -n 1 flat | jq -c '[.id,.n,.__deleted]')" '[1,1,"false"]'
expect "flat delete" "$(tail -n 1 flat | jq -c .)" '{"id":7,"__deleted":"true"}'
published --prefix payload --envelope payload <in.ndjson
kcat -q -b "$B" -C -t payload.public.t0 -e -f '%k\n' | sed -n 1p >wrapped
expect "wrapped key" "$(cat wrapped)" '{"schema":null,"payload":{"id":1}}'
{ grep '^{"table' in.ndjson; grep '"op":"c"' in.ndjson | sed 's/,"source"/,"unchanged":["x"]&/; s/"op":"c"/"op":"u"/'; } >payload.ndjson
published --prefix exact --envelope payload <payload.ndjson
consume --topics exact.public.t0 | grep '^{"key"' | sort >exact
expect "the payload as it was" "$(md5sum <exact)" "$(grep '^{"key"' payload.ndjson | sort | md5sum)"
published --prefix schema --envelope schema <in.ndjson
kcat -q -b "$B" -C -t schema.public.t0 -e -c 1 >schema
expect "schema of after" "$(jq -c '.schema.fields[1].fields|map(.type)' schema)" '["int32","int32","string"]'
expect "payload" "$(jq -c '.payload.after.n' schema)" 1
sed 's/"connector":"postgresql"/&,"types":"debezium"/' in.ndjson >debezium.ndjson
expect_exit 4 cdc-publish --brokers "$B" --prefix refused --envelope schema <debezium.ndjson 2>pub.err
expect_words pub.err "Debezium's encodings"
published --prefix encoded --envelope payload <debezium.ndjson
expect "both wrapped forms are read" "$(consume --topics payload.public.t0 --topics schema.public.t0 | jq -c 'select(.op)|[.key.id,.op]' | sort | uniq -c | grep -c '^ *2 ')" 7

cat >texted.ndjson <<'TXT'
{"table":{"name":"d.x","version":"0123456789abcdef","columns":[{"name":"id","type":"int unsigned","nullable":false,"key":1},{"name":"f","type":"double","nullable":true},{"name":"big","type":"bigint unsigned","nullable":true},{"name":"v","type":"vector(2)","nullable":true},{"name":"s","type":"varchar(9)","nullable":true}]},"source":{"version":"0.1.0","connector":"mysql","name":"shop","ts_ms":1763709000000,"snapshot":"false","db":"d","table":"x","order":"00010000000000001008000000000001"},"ts_ms":1}
{"key":{"id":1},"before":null,"after":{"id":1,"f":-1.5e+300,"big":"18446744073709551615","v":[1.5,2],"s":"[1]"},"source":{"version":"0.1.0","connector":"mysql","name":"shop","ts_ms":1763709000000,"snapshot":"false","db":"d","table":"x","order":"00010000000000001010000000000001"},"op":"c","ts_ms":1}
{"key":{"id":2},"before":{"id":2,"f":1,"big":5,"v":null,"s":"7"},"after":{"id":2,"f":null,"big":null,"v":[],"s":"8"},"source":{"version":"0.1.0","connector":"mysql","name":"shop","ts_ms":1763709000000,"snapshot":"false","db":"d","table":"x","order":"00010000000000001018000000000001"},"op":"u","ts_ms":1}
TXT
published --prefix texted --envelope schema <texted.ndjson
expect "numbers and arrays that Connect's schema has no type for" "$(consume --topics texted.d.x | jq -cS '[.key,.before,.after]' | sed 1d)" \
    "$(jq -cS '[.key,.before,.after]' texted.ndjson | sed 1d)"

say "Debezium's records, by kcat"
cat >debezium.txt <<'TXT'
{"id":1}|{"before":null,"after":{"id":1,"big":9223372036854775807,"note":"a"},"source":{"version":"3.3.1","connector":"postgresql","name":"d","ts_ms":1763709000000,"snapshot":"false","db":"d","schema":"s","table":"t","txId":1,"lsn":100,"xmin":null},"op":"c","ts_ms":1763709000001}
{"schema":{"type":"struct"},"payload":{"id":1}}|{"schema":{"type":"struct"},"payload":{"before":null,"after":{"id":1,"big":5,"note":"__debezium_unavailable_value"},"source":{"connector":"postgresql","db":"d","schema":"s","table":"t","lsn":200,"ts_ns":1763709000000123456},"op":"u","ts_ms":2}}
{"id":1}|{"before":{"id":1},"after":null,"source":{"connector":"postgresql","db":"d","schema":"s","table":"t","lsn":300},"op":"d","ts_ms":3}
{"id":1}|
TXT
kcat -q -b "$B" -P -t debezium -K '|' -Z -p 0 -l debezium.txt
consume --topics debezium >lines
expect "changes" "$(wc -l <lines)" 3
expect "big integer" "$(jq -r 'select(.op=="c")|.after.big' lines)" 9223372036854775807
expect "unchanged" "$(jq -c 'select(.op=="u")|[.key,.after,.unchanged]' lines)" '[{"id":1},{"id":1,"big":5},["note"]]'
expect "order" "$(jq -r .source.order lines | sort -c && echo rises)" rises
expect "tombstone" "$(consume --topics debezium --with kafka | jq -c 'select(has("tombstone"))|[.tombstone,.kafka.offset,.kafka.key]')" '[{"id":1},3,"{\"id\":1}"]'

say "Debezium's heartbeats, transactions and statements, also with their schemas"
cat >side.txt <<'TXT'
{"serverName":"d"}|{"ts_ms":1}
{"schema":{"type":"struct"},"payload":{"serverName":"d"}}|{"schema":{"type":"struct"},"payload":{"ts_ms":1}}
{"id":"1:2"}|{"status":"BEGIN","id":"1:2","event_count":null,"data_collections":null,"ts_ms":1}
{"schema":{"type":"struct"},"payload":{"id":"1:2"}}|{"schema":{"type":"struct"},"payload":{"status":"END","id":"1:2","event_count":0,"data_collections":[],"ts_ms":1}}
{"databaseName":"d"}|{"source":{"connector":"mysql","db":"d","table":"t"},"ts_ms":1,"databaseName":"d","schemaName":null,"ddl":"CREATE TABLE t (i int)","tableChanges":[]}
{"schema":{"type":"struct"},"payload":{"databaseName":"d"}}|{"schema":{"type":"struct"},"payload":{"source":{"connector":"mysql","db":"d","table":"t"},"ts_ms":1,"databaseName":"d","ddl":"DROP TABLE t"}}
{"databaseName":"d"}|{"source":{"connector":"mysql","table":"t","lsn":1},"before":null,"after":{"databaseName":"d","ddl":"x"},"op":"c"}
{"schema":{"type":"struct"},"payload":{"id":"a"}}|{"schema":{"type":"struct"},"payload":{"before":null,"after":{"id":"a"},"source":{"table":"t","lsn":1},"op":"c"}}
TXT
kcat -q -b "$B" -P -t side -K '|' -p 0 -l side.txt
expect "side records" "$(consume --topics side | jq -c '[.transaction.status,.key.id]')" '["BEGIN",null]
["END",null]
[null,null]
[null,"a"]'
cat >other.txt <<'TXT'
{"payload":{"serverName":"d"},"schema":{"type":"struct"}}|{"payload":{"ts_ms":1},"schema":{"type":"struct"}}
{"serverName":"d"}|{"ts_ms":1} and more
{"serverName":"d"}|{"ts_ms":
{"schema":{"type":"struct"},"payload":{"serverName":"d"}}|{"schema":{"type":"struct"},"payload":{"ts_ms":1}} and more
{"serverName":"d"}|{"ts_ms":1,"serverName":"d","note":"a row"}
{"id":"1:2"}|{"status":"BEGIN","id":"1:2" and more
{"id":"1:2"}|{"status":"END","id":"1:2","note":"a row"}
{"id":"1:2"}|{"transaction":{"status":"BEGIN"} and more
{"databaseName":"d"}|{"source":{"connector":"mysql"},"databaseName":"d","ddl":"x"
{"kind":"a"}|{"checkpoint":{"x":1} and more
{"db":"a"}|{"table":{"x":1},"note":"a row"}
{"transactional_id":"a"}|{"order":1,"transactional_id":"a","note":"a row"}
TXT
kcat -q -b "$B" -P -t other -K '|' -p 0 -l other.txt
expect "what only looks like one is neither passed over nor written" "$(consume --topics other --on-error dead-letter --dead-letter other.dead)" ""
expect "but told, without the one that is" "$(wc -l <other.dead)" 11
kcat -q -b "$B" -P -t torn -p 0 -H cdc.order=00010000000000001008000000000001 -H cdc.table-version=v <<'TXT'
{"table":{"name":"s.t","version":"v","columns":[]},"source":{"db":"d","schema":"s","table":"t","order":"no order"}}
{"mark":{"kind":"stale","why":"x"},"source":{"db":"d"
TXT
expect "broken lines of ours" "$(consume --topics torn --on-error dead-letter --dead-letter torn.dead)" ""
expect "are told too" "$(wc -l <torn.dead)" 2

say "a schema that comes with the record gives a table line and exact values"
python3 - >schema.txt <<'PY'
import json
fields = [{"type": "int32", "optional": False, "field": "id"},
          {"type": "bytes", "optional": True, "name": "org.apache.kafka.connect.data.Decimal", "version": 1,
           "parameters": {"scale": "2", "connect.decimal.precision": "12"}, "field": "price"},
          {"type": "int64", "optional": True, "name": "io.debezium.time.MicroTimestamp", "version": 1, "field": "at"}]
for row in range(6):
    if row == 4:
        fields.append({"type": "string", "optional": True, "name": "io.debezium.data.Uuid", "version": 1, "field": "u"})
    image = {"type": "struct", "fields": fields, "optional": True, "name": "d.s.t.Value"}
    schema = {"type": "struct", "fields": [{**image, "field": "before"}, {**image, "field": "after"},
              {"type": "string", "optional": False, "field": "op"}], "optional": False, "name": "d.s.t.Envelope"}
    after = {"id": row, "price": "MDk=", "at": 1753092000123456}
    if row >= 4:
        after["u"] = "00000000-0000-0000-0000-000000000001"
    payload = {"before": None, "after": after, "op": "c", "ts_ms": 1,
               "source": {"connector": "postgresql", "db": "d", "schema": "s", "table": "t", "lsn": 100 + row, "ts_ms": 1}}
    print(json.dumps({"schema": {"type": "struct"}, "payload": {"id": row}}), json.dumps({"schema": schema, "payload": payload}), sep="|")
PY
kcat -q -b "$B" -P -t typed -K '|' -p 0 -l schema.txt
consume --topics typed >lines
expect "lines" "$(jq -r 'keys_unsorted[0]' lines | paste -sd' ')" "table key key key key table key key"
expect "types" "$(jq -c 'select(.table)|[.table.name]+[.table.columns[].type]' lines | sed -n 1p)" \
    '["s.t","integer","numeric(12,2)","timestamp without time zone"]'
expect "key and identity" "$(jq -c 'select(.table)|[.table.columns[0].key,.source.db,.source.schema,.source.table]' lines | tail -n 1)" '[1,"d","s","t"]'
expect "values" "$(tail -n 1 lines | jq -c '[.key.id,.after.price,.after.at,.after.u]')" \
    '[5,"123.45","2025-07-21T10:00:00.123456","00000000-0000-0000-0000-000000000001"]'
cdc-load --target "$TARGET" --dry-run <lines >made.sql 2>load.err || fail "cdc-load --dry-run"
for column in 'price.? .*Decimal[(]12, ?2[)]' 'at.? .*DateTime64' 'u.? .*UUID'; do
    grep -Eq "\b$column" made.sql || fail "the loader would make no column '$column': $(cat made.sql)"
done

say "tables that share a topic, and topics that share a table, have their table lines"
sed '5,6d' schema.txt >first.txt
sed -n '5,6p' schema.txt >second.txt
{ cat first.txt; sed 's/"table": "t"/"table": "other"/' first.txt; head -n 1 first.txt; } >shared.txt
kcat -q -b "$B" -P -t shared -K '|' -p 0 -l shared.txt
consume --topics shared >lines
expect "table lines of a topic" "$(jq -r '.table.name // .source.table' lines | uniq | paste -sd' ')" "s.t t s.other other t"
kcat -q -b "$B" -P -t half-1 -K '|' -p 0 -l first.txt
kcat -q -b "$B" -P -t half-2 -K '|' -p 0 -l second.txt
cdc-consume --brokers "$B" --topics half-1,half-2 >lines 2>con.err &
reader=$!
read_so_far() { [ "$(grep -c '^{"key' lines)" = "$1" ]; }
wait_until 20 read_so_far 6
kcat -q -b "$B" -P -t half-1 -K '|' -p 0 -l first.txt
wait_until 20 read_so_far 10
kcat -q -b "$B" -P -t half-2 -K '|' -p 0 -l second.txt
wait_until 20 read_so_far 12
kill $reader
wait $reader || true
jq -r 'if .table then "table \(.table.columns | length)" elif .after then "row \(.after | length)" else empty end' lines |
    awk '$1 == "table" { columns = $2 } $1 == "row" && $2 != columns { wrong = 1 } END { exit wrong }' ||
    fail "rows without their own table line before them: $(cat lines)"

say "our own form, by kcat, comes back as it was"
"$HERE/kafka_lines.py" --rows 5 --keys 9 | grep '^{"key' >in.ndjson
sed -E 's/^\{"key":(\{[^}]*\}),/\1|{/' in.ndjson | kcat -q -b "$B" -P -t own.public.t0 -K '|' -p 0
consume --topics own.public.t0 | cmp - in.ndjson || fail "lines differ"

say "null, empty and binary keys and headers"
change='{"after":{"id":1},"source":{"table":"t","lsn":1},"op":"c"}'
printf '%s' "$change" | kcat -q -b "$B" -P -t odd -p 0 -H 'text=ü' -H "bin=$(printf '\377\001')" -H 'empty=' -H 'none'
consume --topics odd --with kafka >line
expect "null key" "$(jq -c '[.key,.kafka.key]' line)" '[null,null]'
expect "headers" "$(jq -c .kafka.headers line)" \
    '[{"name":"text","value":"ü"},{"name":"bin","value_base64":"/wE="},{"name":"empty","value":""},{"name":"none","value":null}]'
kcat -q -b "$B" -P -t binary -p 0 -K '|' -Z < <(printf '\377\376|\n')
expect "binary key of a tombstone" "$(consume --topics binary --with kafka | jq -c '[.tombstone,.kafka.key_base64]')" '[null,"//4="]'
echo PASSED
