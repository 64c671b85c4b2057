#!/usr/bin/env bash
# Records what a release leaves behind, for tests/live/upgrade.sh: record.sh BIN, where BIN is the
# folder of that release's tools. Makes tests/data/upgrade/VERSION with
#
#   before.ndjson after.ndjson   lines of cdc-snapshot and cdc-capture; up to and behind the checkpoint
#   checkpoint.json              as cdc-load left it behind before.ndjson
#   target/NAME.sql NAME.tsv     the ClickHouse database at that point: its tables, _cdc_state among them
#   topics/TOPIC.json            records of all lines as cdc-publish sent them (kcat -J)
#   consumed.ndjson              what cdc-consume made of them
#   TABLE.tsv                    the source's rows at the end
CDC_TEST_BIN=$(cd "$1" && pwd)
export CDC_TEST_BIN
out=$(cd "$(dirname "$0")" && pwd)/$("$CDC_TEST_BIN/cdc-load" --version | cut -d' ' -f2)
source "$(dirname "$0")/../../live/lib.sh"
start postgres clickhouse kafka
create_db
mkdir -p "$out/target" "$out/topics"
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }
ch "CREATE DATABASE IF NOT EXISTS $DB"
TARGET=${TARGET%/*}/$DB
sql "CREATE TYPE mood AS ENUM ('sad', 'happy');
     CREATE TABLE orders (id int PRIMARY KEY, amount numeric(10,2), note text, tags text[], m mood, at timestamptz);
     ALTER TABLE orders ALTER note SET STORAGE EXTERNAL;
     CREATE TABLE log (a int, b text); ALTER TABLE log REPLICA IDENTITY FULL;
     INSERT INTO orders SELECT g, g / 7.0, repeat('x', g * 500), ARRAY['a', NULL], 'sad', '2025-07-21 10:00Z' FROM generate_series(1, 5) g;
     INSERT INTO log VALUES (1, 'x'), (1, 'x'), (2, NULL)"
source_options=(--source "$(pg_url)" --slot upgrade --checkpoint state.json)
load() { cdc-load --target "$TARGET" --checkpoint state.json 2>load.err; }
cdc-snapshot "${source_options[@]}" --create 2>err | tee before.ndjson | load
sql "UPDATE orders SET amount = 0 WHERE id = 2; UPDATE orders SET id = 30 WHERE id = 3; DELETE FROM orders WHERE id = 4;
     INSERT INTO log VALUES (3, 'y'); DELETE FROM log WHERE a = 2"
cdc-capture "${source_options[@]}" --exit-at-end 2>err | tee -a before.ndjson | load
cp state.json "$out/checkpoint.json"
for table in $(ch "SELECT name FROM system.tables WHERE database = '$DB' ORDER BY engine = 'View', name FORMAT TSVRaw"); do
    ch "SHOW CREATE TABLE \`$table\` FORMAT TSVRaw" | sed "s/ $DB\./ /" >"$out/target/$table.sql"
    grep -q '^CREATE VIEW' "$out/target/$table.sql" || ch "SELECT * FROM \`$table\` FORMAT TSVWithNames" >"$out/target/$table.tsv"
done
sql "ALTER TABLE orders ADD extra int DEFAULT 7; INSERT INTO orders VALUES (6, 6, 'n', '{}', 'happy', NULL, 8);
     UPDATE orders SET m = 'happy' WHERE id = 5; TRUNCATE log; INSERT INTO log VALUES (9, 'z')"
cdc-capture "${source_options[@]}" --exit-at-end --peek 2>err >after.ndjson
cp before.ndjson after.ndjson "$out"
cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix up <before.ndjson 2>err
cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix up <after.ndjson 2>err
for topic in up.public.orders up.public.log up.schema-changes; do
    kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t $topic -e -J >"$out/topics/$topic.json"
done
cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics up.public.orders,up.public.log --exit-at-end 2>err >"$out/consumed.ndjson"
for table in orders log; do
    sql "COPY (SELECT * FROM $table ORDER BY 1) TO STDOUT" >"$out/$table.tsv"
done
ls -l "$out" "$out"/*
