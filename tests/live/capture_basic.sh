#!/usr/bin/env bash
# cdc-capture on a real server: every kind of change, read twice the same; filters; confirmation by
# file, on write, and of an idle slot; stop conditions; --check, --create, --drop.
# Pain 1, 2: an idle slot advances, also where all changes are filtered out or another database is
# busy. Pain 14: tables without identity are told of first. Pain 47: --check.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
operations=$ROOT/tests/data/pgoutput/operations.sql
sed '/^-- stream$/,$d' "$operations" | psql -X -q -v ON_ERROR_STOP=1 "$(pg_url)"

say "--check on a fresh server, and --create"
capture --check 2>check.err || fail "--check said no"
expect_words check.err "wal_level: logical"
expect_words check.err "--create makes it"
capture --create --exit-after-create 2>create.err
expect "publication" "$(sql "SELECT puballtables, pubviaroot FROM pg_publication")" "t|t"
expect "plugin" "$(slot_is plugin)" pgoutput
confirmed=$(slot_is confirmed_flush_lsn)

say "all operations, twice"
sed '1,/^-- stream$/d' "$operations" | psql -X -q -v ON_ERROR_STOP=1 "$(pg_url)"
capture --peek --exit-at-end >one 2>one.err
capture --peek --exit-at-end >two 2>two.err
timeless one >one.timeless
timeless two >two.timeless
cmp one.timeless two.timeless || fail "the same log read twice differs"
[ "$(wc -l <one.timeless)" -ge 49 ] || fail "only $(wc -l <one.timeless) lines"
jq -c . one | cmp - one || fail "jq changed a line"
expect "operations" "$(changes one | jq -r 'select(.op) | .op' | sort | uniq -c | tr -s ' ' | tr '\n' ';')" \
    " 19 c; 10 d; 3 t; 8 u;"
expect "children go by their root" "$(changes one | jq -r 'select(.op) | .source.table' | grep -c parted_ || true)" 0
changes one | jq -r 'select(.op) | .source.order' >orders
sort -cu orders || fail "the order does not rise"
expect "nothing was confirmed" "$(slot_is confirmed_flush_lsn)" "$confirmed"

say "what the catalog knows"
table=$(changes one | jq -c 'select(.table.name == "public.types")')
expect "full type names" \
    "$(jq -r '[.table.columns[].type] | join("|")' <<<"$table" | cut -c1-120)" \
    "bigint|boolean|smallint|integer|bigint|numeric(12,2)|numeric|real|double precision|money|text|character varying(50)|char"
expect "enum labels" "$(jq -c '.table.columns[] | select(.labels) | [.type, .labels]' <<<"$table")" \
    '["public.mood",["sad","happy"]]'
expect "primary key" "$(jq -c '.table.columns[0]' <<<"$table")" \
    '{"name":"id","type":"bigint","nullable":false,"number":1,"key":1}'
expect "a constant default" \
    "$(changes one | jq -c 'select(.table.name == "public.orders") | .table.columns[3]' | tail -n 1)" \
    '{"name":"extra","type":"numeric(6,3)","nullable":true,"number":4,"precision":6,"scale":3,"default":"1.500"}'

say "a value that the log left out is read from the source"
sql "INSERT INTO orders VALUES (40, 1, repeat('long ', 600))"
sql "UPDATE orders SET id = 41 WHERE id = 40"
capture --peek --exit-at-end >three 2>three.err
line=$(changes three | tail -n 1)
expect "fetched" "$(jq -c '[.op, .key.id, .key_before.id, .source.fetched, (.after.note | length)]' <<<"$line")" \
    '["c",41,40,["note"],3000]'
line=$(changes three | jq -c 'select(.key_before == {"id":1} and .source.table == "orders")')
expect "gone" "$(jq -c '[.after, .source.gone]' <<<"$line")" '[{"id":10,"quantity":7},["note"]]'

say "a filter leaves out lines, not numbers"
capture --peek --exit-at-end --tables 'public.*' --exclude orders --exclude 'odd*,"types"' >filtered 2>filtered.err
diff <(changes one | jq -r 'select(.op and (.source.table | IN("full_rows","no_key","two_keys","by_index","parted"))) | .source.order') \
    <(changes filtered | jq -r 'select(.op) | .source.order') || fail "orders differ behind a filter"

say "stop conditions"
end=$(log_end)
expect "--max-events ends with its transaction" \
    "$(capture --peek --max-events 1 2>/dev/null | changes /dev/stdin | grep -c '"op"')" 2
first=$(changes one | jq -r 'select(.op) | .source.sequence | fromjson | .[0]' | sed -n 1p)
lsn=$(sql "SELECT '0/0'::pg_lsn + $first")
expect "--until-position takes the commit at the position" \
    "$(capture --peek --until-position "$lsn" 2>/dev/null | changes /dev/stdin | grep -c '"op"')" 2
SECONDS=0
capture --peek --until-idle 1s >/dev/null 2>idle.err
[ $SECONDS -lt 10 ] || fail "--until-idle took $SECONDS s"

say "confirmed is what the file holds"
capture --checkpoint state.json --exit-at-end 2>confirm.err | sink state.json
expect "exit statuses" "${PIPESTATUS[*]}" "0 0"
held=$(jq -r .checkpoint.position state.json)
expect "the slot" "$(slot_is confirmed_flush_lsn)" "$held"
expect "nothing is left" "$(capture --checkpoint state.json --peek --exit-at-end 2>/dev/null | changes /dev/stdin | wc -l)" 0

say "an idle slot advances while another database is busy, and filtered changes count"
sql postgres "CREATE TABLE noise AS SELECT generate_series(1, 10000)"
sql "INSERT INTO orders VALUES (50, 1, 'filtered')"
capture --checkpoint state.json --tables nothing.at_all --allow-no-match --exit-at-end 2>idle.err | sink state.json
expect "lines" "$(changes state.json.lines | jq -c 'select(.key.id == 50)')" ""
[ "$(sql "SELECT confirmed_flush_lsn > '$held' FROM pg_replication_slots")" = t ] || fail "the idle slot stayed at $held"

say "--ack on-write"
rm state.json
sql "INSERT INTO orders VALUES (60, 1, 'written')"
end=$(log_end)
capture --ack on-write --exit-at-end >written 2>written.err
expect "lines" "$(changes written | grep -c '"op":"c"')" 1
[ "$(sql "SELECT confirmed_flush_lsn >= '$end' FROM pg_replication_slots")" = t ] || fail "on-write confirmed nothing"

say "without --checkpoint nothing is confirmed"
sql "INSERT INTO orders VALUES (61, 1, 'seen twice')"
for n in 1 2; do
    expect "lines, time $n" "$(capture --exit-at-end 2>plain.err | changes /dev/stdin | grep -c '"op":"c"')" 1
done
expect_words plain.err "nothing is confirmed"

say "tables without identity are told of before anything is made"
sql "CREATE TABLE no_identity (a integer)"
SLOT=other
expect_exit 4 capture --create --exit-after-create 2>identity.err
expect_words identity.err "ALTER TABLE public.no_identity REPLICA IDENTITY FULL"
expect "nothing was made" "$(sql "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'other'")" 0
capture --create --exit-after-create --tables 'orders,parted' 2>some.err
expect "tables" "$(sql "SELECT string_agg(tablename, ' ' ORDER BY 1) FROM pg_publication_tables WHERE pubname = 'other'")" \
    "orders parted"

say "--drop"
capture --drop 2>drop.err
SLOT=capture
cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek >/dev/null 2>holder.err &
holder=$!
wait_until 20 grep -q 'streaming from' holder.err
session=$(slot_is active_pid)
kill -STOP "$session" # it holds the slot longer than its client lives, as on a busy machine
kill -9 $holder
wait $holder || true
rm drop.err
capture --drop 2>drop.err &
drop=$!
wait_until 20 grep -q "in use by process $session" drop.err
kill -CONT "$session"
wait $drop || fail "--drop ended with $?: $(cat drop.err)"
expect "slots" "$(sql "SELECT count(*) FROM pg_replication_slots")" 0
expect "publications" "$(sql "SELECT count(*) FROM pg_publication")" 0
say "all good"
