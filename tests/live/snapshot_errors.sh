#!/usr/bin/env bash
# What the source refuses, loses or takes away: the right exit status, words that help, nothing made
# that stays, and a rerun that goes on.
source "$(dirname "$0")/lib.sh"
start postgres
create_db
sql "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT g, 'x' FROM generate_series(1, 3000) g;
     CREATE TABLE b (id int PRIMARY KEY, v text); INSERT INTO b SELECT g, 'x' FROM generate_series(1, 3000) g;
     CREATE TABLE c (id int PRIMARY KEY, v text); INSERT INTO c SELECT g, 'x' FROM generate_series(1, 3000) g"
snapshot() { cdc-snapshot --source "$(pg_url)" "$@" 2>snapshot.err >lines; }
# The last stage: writes each checkpoint line into the file, as a sink that stores at once.
sink() { python3 -uc '
import os, sys
for line in sys.stdin:
    if line.startswith("{\"checkpoint\""):
        open(sys.argv[1] + ".new", "w").write(line); os.rename(sys.argv[1] + ".new", sys.argv[1])
' "$1"; }
nothing_made() {
    expect "no slot" "$(sql "SELECT count(*) FROM pg_replication_slots")" 0
    expect "no publication" "$(sql "SELECT count(*) FROM pg_publication")" 0
}

say "a source that is not there, or is no source"
expect_exit 1 cdc-snapshot --source postgresql://postgres@127.0.0.1:1/x 2>snapshot.err
expect_words snapshot.err "cannot connect"
expect_exit 2 cdc-snapshot --source "postgres:/secret@x" 2>snapshot.err
expect "no password in messages" "$(grep -c secret snapshot.err || true)" 0
expect_exit 4 snapshot --slot s
expect_words snapshot.err "no slot 's'"
expect_exit 4 snapshot --publication p
expect_words snapshot.err "no publication 'p'"
expect_exit 2 snapshot --tables 'nothing.*'
expect_exit 4 snapshot --tables 'nothing.*' --allow-no-match
expect_words snapshot.err "there is no table to read"
nothing_made

say "rights are looked at before anything is made"
sql "CREATE ROLE reader LOGIN REPLICATION; GRANT SELECT ON a TO reader; GRANT CREATE ON DATABASE $DB TO reader;
     CREATE SCHEMA shut; CREATE TABLE shut.d (id int PRIMARY KEY); GRANT SELECT ON shut.d TO reader"
as_reader() { cdc-snapshot --source "$(pg_url | sed s/postgres@/reader@/)" "$@" 2>snapshot.err >lines; }
expect_exit 4 as_reader --slot s --create
expect_words snapshot.err "may not read 2 tables of schema public: b, c"
expect_words snapshot.err "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
expect "told once" "$(grep -c 'may not use schema shut' snapshot.err)" 1
expect_words snapshot.err "GRANT USAGE ON SCHEMA shut TO reader"
nothing_made
expect_exit 0 as_reader --tables public.a
sql "ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON a USING (false)"
expect_exit 4 as_reader --tables public.a
expect_words snapshot.err "row security hides rows of public.a"
sql "ALTER TABLE a DISABLE ROW LEVEL SECURITY; DROP SCHEMA shut CASCADE"
sql "CREATE ROLE plain LOGIN; GRANT SELECT ON a TO plain"
expect_exit 4 cdc-snapshot --source "$(pg_url | sed s/postgres@/plain@/)" --tables public.a 2>snapshot.err
expect_words snapshot.err "REPLICATION"

say "--wait names who writes"
psql -X -q -d "$(pg_url)" -c "BEGIN; INSERT INTO a VALUES (-1)" -c "SELECT pg_sleep(60)" >/dev/null 2>&1 &
WRITER=$!
wait_until 10 bash -c "[ \$(psql -X -At -d $(pg_url) -c \"SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL\") = 1 ]"
expect_exit 1 snapshot --wait 2s
expect_words snapshot.err "transactions that write are still open: process"
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" >/dev/null
wait $WRITER || true
wait_until 10 bash -c "[ \$(psql -X -At -d $(pg_url) -c 'SELECT count(*) FROM pg_replication_slots') = 0 ]"

say "--where is not for tables without key, nor broken SQL for any"
sql "CREATE TABLE nokey (v text); ALTER TABLE nokey REPLICA IDENTITY FULL"
expect_exit 4 snapshot --where "public.nokey=v > 'a'"
expect_words snapshot.err "no key"
expect_exit 4 snapshot --where "public.a=nonsense >"
expect_exit 0 snapshot --where "public.a=id % 10 = 0"
expect "rows" "$(grep -c '"op":"r"' lines)" 300
expect "not whole" "$(jq -c 'select(.snapshot) | .snapshot.whole' lines | sort -u)" false
sql "DROP TABLE nokey"

say "a table that vanishes or is rewritten: named, the others read, the rerun ends well"
sql "CREATE TABLE d (id int PRIMARY KEY, v text); INSERT INTO d SELECT g, 'x' FROM generate_series(1, 100) g;
     CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
     CREATE TABLE e (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
     CREATE TABLE e1 PARTITION OF e FOR VALUES FROM (0) TO (100); INSERT INTO e SELECT g, 'x' FROM generate_series(1, 99) g;
     CREATE TABLE f (id int PRIMARY KEY); INSERT INTO f SELECT generate_series(1, 100);
     CREATE TABLE g (id int PRIMARY KEY); INSERT INTO g SELECT generate_series(1, 100);
     CREATE TABLE h (id int PRIMARY KEY); INSERT INTO h VALUES (1); CREATE TABLE i (id int PRIMARY KEY); INSERT INTO i VALUES (2)"
rm snapshot.err # of the one before
cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint s.json --jobs 1 --max-rows-per-second 1500 2>snapshot.err |
    sink s.json &
wait_until 20 grep -q "reading 9 tables" snapshot.err
kill -STOP "$(jobs -p %%)" # in the first of them
sql "DROP TABLE b; ALTER TABLE c ALTER v TYPE varchar(9) USING 'rewritten'; ALTER TABLE d SET ACCESS METHOD heap2;
     CREATE TABLE e2 (id int PRIMARY KEY, v text); INSERT INTO e2 SELECT g, 'x' FROM generate_series(100, 149) g;
     ALTER TABLE e ATTACH PARTITION e2 FOR VALUES FROM (100) TO (200); TRUNCATE f;
     ALTER TABLE h RENAME TO j; ALTER TABLE i RENAME TO h; ALTER TABLE j RENAME TO i"
sql "VACUUM FULL g"
kill -CONT "$(jobs -p %%)"
code=0; wait $! || code=$?
expect "exit" $code 1
expect_words snapshot.err "'public.b' was dropped"
expect_words snapshot.err "'public.c' was altered"
expect_words snapshot.err "'public.h' was altered" # it is read by its name
expect_words snapshot.err "'public.d' was altered" # its rows are all newer than the snapshot
expect_words snapshot.err "'public.e' was altered" # rows came that no stream brings
expect "finished" "$(jq -r '.checkpoint.snapshot.tables[].table' s.json | tr -d '\n')" afg
expect_exit 4 cdc-capture --source "$(pg_url)" --slot s --checkpoint s.json --exit-at-end 2>capture.err
expect_words capture.err "unfinished snapshot"
{ cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint s.json 2>snapshot.err | tee lines | sink s.json; } || fail "rerun"
expect "only what was missing" "$(jq -r 'select(.table) | .table.name' lines | sort | tr '\n' ' ')" "public.c public.d public.e public.h public.i "
expect "all of it, as it is now" "$(jq -r 'select(.op) | .source.table + .after.v' lines | sort | uniq -c | tr -s ' \n' ' ')" " 3000 crewritten 100 dx 149 ex 1 h 1 i "
sql "DROP TABLE d, e, f, g, h, i; DROP ACCESS METHOD heap2"
expect "done" "$(jq -r .checkpoint.snapshot s.json)" done
expect_exit 0 snapshot --slot s --create --checkpoint s.json
expect "nothing more" "$(wc -c <lines)" 0

say "a second one beside it, with the same checkpoint file, waits for its end"
{ cdc-snapshot --source "$(pg_url)" --slot s --checkpoint twice.json --jobs 1 --max-rows-per-second 1500 2>first.err | tee first | sink twice.json; } &
first=$!
wait_until 20 grep -q "reading 2 tables" first.err
reader=$(pgrep -P $first -x cdc-snapshot)
kill -STOP "$reader"
rm snapshot.err # of the one before
snapshot --slot s --checkpoint twice.json &
second=$!
wait_until 20 grep -q "uses 'twice.json'; waiting for its end" snapshot.err
kill -CONT "$reader"
wait $second || fail "the second one ended with $?"
expect_words snapshot.err "nothing to read"
expect "nothing twice" "$(wc -c <lines)" 0
wait $first || fail "the first one ended with $?"
expect "rows" "$(grep -c '"op":"r"' first)" 6000

say "checkpoint files of something else"
expect_exit 4 snapshot --checkpoint s.json
expect_words snapshot.err "belongs to slot 's'"
sed 's/"snapshot":"done"/"snapshot":null/' s.json >stream.json
expect_exit 4 snapshot --slot s --checkpoint stream.json
expect_words snapshot.err "without a snapshot"
sed 's/"snapshot":"done"/"snapshot":{"seq":1,"tables":[]}/' s.json >begun.json
sed 's/"server":"[0-9]*"/"server":"1"/' begun.json >other.json
expect_exit 4 snapshot --slot s --checkpoint other.json
expect_words snapshot.err "belongs to server '1'"
sed 's/"position":"[^"]*"/"position":"FF\/0"/' begun.json >future.json
expect_exit 3 snapshot --slot s --checkpoint future.json
sed 's/"position":"[^"]*"/"position":"0\/1"/' begun.json >past.json
expect_exit 3 snapshot --slot s --checkpoint past.json
expect_words snapshot.err "are lost"
sed 's/"seq":1/"seq":{}/' begun.json >broken.json
expect_exit 5 snapshot --slot s --checkpoint broken.json

say "a slot in use, a slot that is gone"
rm -f capture.err
cdc-capture --source "$(pg_url)" --slot s --peek >/dev/null 2>capture.err &
CAPTURE=$!
wait_until 10 grep -q streaming capture.err
expect_exit 4 snapshot --slot s --checkpoint none.json
expect_words snapshot.err "in use by process"
kill $CAPTURE; wait $CAPTURE || true
wait_until 20 sql "SELECT pg_drop_replication_slot('s')" # its server process ends a moment later
expect_exit 3 snapshot --slot s --create --checkpoint begun.json
expect_words snapshot.err "slot 's' is gone"

say "nobody reads, nobody acknowledges, somebody stops"
code=0; { cdc-snapshot --source "$(pg_url)" 2>snapshot.err || echo $? >code; } | head -c 100 >/dev/null
expect "exit" "$(cat code)" 1
expect "words, where nothing was to be confirmed" "$(grep -c 'cannot write output' snapshot.err)" 0
expect_exit 1 snapshot --checkpoint nobody.json --drain 300ms
expect_words snapshot.err "within --drain"
rm lines # not the last run's
cdc-snapshot --source "$(pg_url)" --max-rows-per-second 500 >lines 2>snapshot.err &
SNAPSHOT=$!
wait_until 10 test -s lines
sleep 0.5; kill -TERM $SNAPSHOT
code=0; wait $SNAPSHOT || code=$?
expect "exit after SIGTERM" $code 1
expect "whole lines" "$(tail -c 1 lines | od -An -c | tr -d ' ')" '\n'
expect "ends in a checkpoint" "$(tail -n 1 lines | cut -c 1-13)" '{"checkpoint"'
expect "no slot is left" "$(sql "SELECT count(*) FROM pg_replication_slots")" 0

say "a server that goes away"
rm lines # not the last run's
cdc-snapshot --source "$(pg_url)" --max-rows-per-second 500 >lines 2>snapshot.err &
SNAPSHOT=$!
wait_until 10 test -s lines
"$ROOT/scripts/services" kill postgres >/dev/null 2>&1
code=0; wait $SNAPSHOT || code=$?
expect "exit" $code 1
