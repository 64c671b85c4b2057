#!/usr/bin/env bash
# What the server would not notice, or only answer with silence: each is refused with its exit
# status and its words.
# Pain 3: a slot that the server gave up is exit 3, with the range. Pain 37: a slot in use is waited
# for, and its holder named. Pain 51: bytes that are no text in UTF-8 end it, with their place.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
sql "CREATE TABLE t (id integer PRIMARY KEY, v text)"

say "no slot, no checkpoint"
expect_exit 4 capture 2>none.err
expect_words none.err "there is no slot 'capture'"
expect_words none.err "--create"

say "patterns that meet nothing, before anything is made"
unmet() { # OPTION PATTERN table|column [VALUE]: of capture and snapshot
    expect_exit 2 capture --create --exit-after-create "$1" "${4:-$2}" 2>unmet.err
    expect_words unmet.err "$1 '$2' meets no $3"
    expect_words unmet.err "--allow-no-match"
    expect_exit 2 cdc-snapshot --source "$(pg_url)" --slot "$SLOT" --create "$1" "${4:-$2}" >out 2>unmet.err
    expect_words unmet.err "$1 '$2' meets no $3"
}
sql "CREATE SCHEMA sales; CREATE TABLE sales.items (id integer PRIMARY KEY, email text)"
unmet --tables publik.t table
expect_words unmet.err "Did you mean 'public.t'?"
unmet --exclude 'sales.itms' table
expect_words unmet.err "Did you mean 'sales.items'?"
unmet --mask sales.items.emial column 'sales.items.emial=hash'
expect_words unmet.err "Did you mean 'sales.items.email'?"
unmet --leave-out 'items.phone' column
expect_exit 2 cdc-snapshot --source "$(pg_url)" --where 'itms=id > 1' >out 2>unmet.err
expect_words unmet.err "--where 'itms' meets no table"
expect "nothing was made" "$(sql "SELECT count(*) FROM pg_replication_slots"; sql "SELECT count(*) FROM pg_publication")" "0
0"
expect_exit 4 capture --mask sales.items.phone=hash --allow-no-match 2>unmet.err
expect_words unmet.err "warning: --mask 'sales.items.phone' meets no column"
expect_words unmet.err "there is no slot"
expect_exit 2 capture --check --tables publik.t 2>unmet.err
expect_words unmet.err "--tables 'publik.t' meets no table"
capture --create --exit-after-create --tables t,sales.items 2>/dev/null
sql "DROP TABLE sales.items"
expect_exit 2 capture --tables t,sales.items --exit-at-end >out 2>unmet.err
expect_words unmet.err "If it was dropped or renamed, or is still to come: --allow-no-match"
capture --tables t,sales.items --exit-at-end --allow-no-match >out 2>unmet.err || fail "with --allow-no-match"
capture --drop 2>/dev/null

say "no publication"
sql "SELECT pg_create_logical_replication_slot('bare', 'pgoutput')" >/dev/null
sql "INSERT INTO t VALUES (0, 'x')"
SLOT=bare expect_exit 4 capture --exit-at-end 2>bare.err
expect_words bare.err "no publication 'bare'"
SLOT=bare capture --drop 2>/dev/null

capture --create --exit-after-create 2>/dev/null
sql "INSERT INTO t VALUES (1, 'a')"
capture --checkpoint state.json --exit-at-end 2>/dev/null | sink state.json
cp state.json first.json
sql "INSERT INTO t VALUES (2, 'b')"
capture --checkpoint state.json --exit-at-end 2>/dev/null | sink state.json
cp state.json second.json
lines=$(wc -l <state.json.lines)
lines=$(wc -l <state.json.lines)

refused() { # STATUS WORDS: with the checkpoint file as it is
    expect_exit "$1" capture --checkpoint state.json --exit-at-end >out 2>refused.err
    expect_words refused.err "$2"
    expect "lines" "$(changes out)" ""
}

say "an old checkpoint, restored"
cp first.json state.json
refused 3 "state.json' is at $(jq -r .checkpoint.position first.json), but the slot was confirmed up to $(jq -r .checkpoint.position second.json)"

say "a checkpoint of the future: the server was set back"
jq -c '.checkpoint.position = "FFFF/FFFFFFF0"' second.json >state.json
refused 3 "the server's log ends at"

say "a checkpoint of another timeline"
jq -c '.checkpoint.order |= "0002" + .[4:]' second.json >state.json
refused 3 "timeline 2"

say "another server, database, slot, source"
jq -c '.checkpoint.server = "7000"' second.json >state.json
refused 4 "belongs to server '7000'"
jq -c '.checkpoint.database = "shop"' second.json >state.json
refused 4 "belongs to database 'shop'"
jq -c '.checkpoint.slot = "shop"' second.json >state.json
refused 4 "belongs to slot 'shop'"
jq -c '.checkpoint.kind = "mysql"' second.json >state.json
refused 4 "of kind 'mysql'"

say "an unfinished snapshot, a broken file, one of the future"
jq -c '.checkpoint.snapshot = {"tables":{}}' second.json >state.json
refused 4 "unfinished snapshot"
echo nonsense >state.json
refused 5 "no checkpoint line"
jq -c '.checkpoint.v = 99' second.json >state.json
refused 5 "version 99"

say "--create beside a checkpoint"
cp second.json state.json
expect_exit 4 capture --create --checkpoint state.json --exit-at-end >out 2>create.err
expect_words create.err "a new slot would leave a gap"

say "a slot in use: waited for, and its holder named"
sql "ALTER SYSTEM SET wal_sender_timeout = '2s'"
sql "SELECT pg_reload_conf()" >/dev/null
mkfifo held
cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek >held 2>holder.err &
holder=$!
exec 7<held
wait_until 20 grep -q 'streaming from' holder.err
cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --until-idle 300ms >out 2>waits.err &
waiting=$!
wait_until 10 grep -q "in use by process $(slot_is active_pid)" waits.err
kill -TERM $holder
wait $holder || fail "the holder ended with $?"
wait $waiting || fail "the waiting one ended with $?"
exec 7<&-

say "a slot in use, whose holder writes the same checkpoint file: what waits goes on where that ends"
cp second.json state.json
mkfifo beside
rm -f holder.err # of the one before
cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint state.json --checkpoint-interval 200ms >beside 2>holder.err &
holder=$!
sink state.json <beside &
sinks=$!
wait_until 20 grep -q 'streaming from' holder.err
rm -f waits.err
cdc-capture --source "$(pg_url)" --slot "$SLOT" --checkpoint state.json --peek --exit-at-end >out 2>waits.err &
waiting=$!
wait_until 10 grep -q "in use by process" waits.err
moved() { [ "$(slot_is "confirmed_flush_lsn > '$1'")" = t ]; }
for id in 3 4 5; do
    before=$(log_end)
    sql "INSERT INTO t VALUES ($id, 'beside')"
    wait_until 10 moved "$before"
    capture --check --checkpoint state.json 2>check.err || fail "a check beside it: $(cat check.err)"
done
kill -TERM $holder
wait $holder || fail "the holder ended with $?"
wait $sinks
wait $waiting || fail "the waiting one ended with $?: $(cat waits.err)"
expect "changes of the waiting one" "$(jq -r 'select(.op) | .op' out)" ""
cp state.json second.json
lines=$(wc -l <state.json.lines)

say "a slot of another plugin"
sql "SELECT pg_create_logical_replication_slot('decoding', 'test_decoding')" >/dev/null
SLOT=decoding expect_exit 4 capture 2>plugin.err
expect_words plugin.err "'test_decoding'"
sql "SELECT pg_drop_replication_slot('decoding')" >/dev/null

cp second.json state.json
say "a log that the server cannot read: not tried for ever"
sql "SELECT pg_switch_wal(); INSERT INTO t VALUES (100, 'unreadable')" >/dev/null
segment=$(sql "SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
wal=$(sql "SHOW data_directory")/pg_wal
sql "SELECT pg_switch_wal()" >/dev/null
mv "$wal/$segment" "$wal/$segment.away"
expect_exit 1 capture --checkpoint state.json --exit-at-end --retry 3s >out 2>unreadable.err
expect_words unreadable.err "each time"
expect_words unreadable.err "cdc-snapshot --create"
mv "$wal/$segment.away" "$wal/$segment"
capture --checkpoint state.json --exit-at-end --drain 1s >out 2>unreadable.err || true # nobody acknowledges
expect "the change, when it can be read again" "$(grep -c unreadable out)" 1

say "bytes that a database of no encoding took for text"
sql postgres "CREATE DATABASE bytes ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0"
sql bytes "CREATE TABLE raw (id int PRIMARY KEY, v text); INSERT INTO raw VALUES (0, 'good')"
cdc-capture --source "$(pg_url bytes)" --slot bytes --create --exit-after-create 2>/dev/null
sql bytes "INSERT INTO raw VALUES (1, 'good')"
PGCLIENTENCODING=SQL_ASCII sql bytes "INSERT INTO raw VALUES (2, E'bad \\xff'), (3, 'good')"
expect_exit 5 cdc-capture --source "$(pg_url bytes)" --slot bytes --peek --exit-at-end >out 2>bytes.err
expect_words bytes.err 'associated LSN'
expect_words bytes.err 'invalid byte sequence for encoding "UTF8": 0xff'
expect "whole lines only" "$(changes out | jq -r 'select(.op) | .key.id')" 1
expect_exit 5 cdc-snapshot --source "$(pg_url bytes)" --tables raw >out 2>bytes.err
expect_words bytes.err 'invalid byte sequence for encoding "UTF8": 0xff'
cdc-capture --source "$(pg_url bytes)" --slot bytes --drop 2>/dev/null

say "a slot that the server gave up"
sql "ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'"
sql "SELECT pg_reload_conf()" >/dev/null
for _ in 1 2 3 4; do
    sql "SELECT pg_switch_wal()" >/dev/null
    sql "INSERT INTO t SELECT i, 'x' FROM generate_series(10, 20) i ON CONFLICT (id) DO UPDATE SET v = 'y'"
done
sql "CHECKPOINT"
expect "wal_status" "$(slot_is wal_status)" lost
refused 3 "gave up slot 'capture'"
expect_exit 3 capture --check 2>check.err
expect_words check.err "gave up"

say "a dropped slot"
wait_until 20 sql "SELECT pg_drop_replication_slot('$SLOT')"
refused 3 "slot 'capture' is gone: what was committed since $(jq -r .checkpoint.position state.json), where checkpoint file 'state.json' is, is lost"
expect_words refused.err "cdc-capture --drop"

say "a server that cannot, rights that lack, a source that is not there"
sql "CREATE ROLE plain LOGIN"
expect_exit 4 cdc-capture --source "$(pg_url | sed s/postgres@/plain@/)" --slot x --create 2>role.err
expect_words role.err "ALTER ROLE plain REPLICATION"
expect_words role.err "GRANT SELECT ON public.t TO plain"
sql "CREATE TABLE t2 (id int PRIMARY KEY); CREATE TABLE \"T 3\" (id int PRIMARY KEY)"
for tool in capture snapshot; do
    expect_exit 4 cdc-$tool --source "$(pg_url | sed s/postgres@/plain@/)" --slot plain --create >out 2>role.err
    expect_words role.err "may not read 3 tables of schema public: \"T 3\", t, t2"
    expect_words role.err "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain;"
done
expect_exit 4 cdc-capture --source "$(pg_url | sed s/postgres@/plain@/)" --slot x 2>role.err
expect_words role.err "ALTER ROLE … REPLICATION; cdc-capture --check says what else is missing"
expect_exit 4 cdc-capture --source "$(pg_url nowhere)" --slot x 2>nowhere.err
expect_words nowhere.err '"nowhere" does not exist'
expect_exit 1 cdc-capture --source postgresql://postgres:secret@127.0.0.1:1/x --slot x 2>refused.err
expect_words refused.err "cannot connect"
expect_exit 2 cdc-capture --source 'postgresql://postgres:sec/ret@127.0.0.1:1/x?bad' --slot x 2>uri.err
grep -q -e secret -e sec/ret ./*.err && fail "a message shows the password"
sql "ALTER SYSTEM SET wal_level = replica"
"$ROOT/scripts/services" restart postgres 2>/dev/null || true
eval "$("$ROOT/scripts/services" env postgres)"
if [ "$(sql "SHOW wal_level")" = replica ]; then
    expect_exit 4 capture --check 2>wal.err
    expect_words wal.err "ALTER SYSTEM SET wal_level = logical"
fi
expect "lines that were written meanwhile" "$(wc -l <state.json.lines)" "$lines"
say "all good"
