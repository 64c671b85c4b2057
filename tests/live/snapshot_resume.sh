#!/usr/bin/env bash
# Pain 7: a killed snapshot goes on: finished tables are not read again, a table read by key goes on at its
# next part, one read physically and one without key begin anew at a higher order. And the shell line
# of the initial load, as it stands in the man page, killed and run again.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
sql "CREATE TABLE a_small (id int PRIMARY KEY, v text); INSERT INTO a_small SELECT g, 'x' FROM generate_series(1, 500) g;
     CREATE TABLE b_big (k text, n int, v text, PRIMARY KEY (k, n));
     INSERT INTO b_big SELECT 'k' || g % 100, g, repeat('x', 50) FROM generate_series(1, 20000) g;
     CREATE TABLE c_nokey (v text); ALTER TABLE c_nokey REPLICA IDENTITY FULL; INSERT INTO c_nokey SELECT 'v' || g FROM generate_series(1, 500) g;
     ANALYZE"
sink() { python3 -uc '
import os, sys
for line in sys.stdin:
    if line.startswith("{\"checkpoint\""):
        open(sys.argv[1] + ".new", "w").write(line); os.rename(sys.argv[1] + ".new", sys.argv[1])
' "$1"; }
rows() { jq -c "select(.op and .source.table == \"$1\")" "$2"; }
progress() { jq -c ".checkpoint.snapshot.tables[]? | select(.table == \"$1\") | $2" state.json; }
killed_run() { # UNTIL (a jq condition on the file), OPTIONS…
    local until=$1
    shift
    rm -f sunk
    cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json --jobs 1 --chunk-rows 1000 \
        --max-rows-per-second 3000 "$@" 2>snapshot.err > >(tee lines.1 | sink state.json; touch sunk) &
    local pid=$!
    wait_until 30 bash -c "jq -e '$until' state.json | grep -q true"
    kill -9 $pid
    wait $pid || true
    wait_until 20 test -e sunk
}

say "by key: goes on behind the last part"
killed_run '.checkpoint.snapshot.tables[]? | select(.table == "b_big" and .rows >= 3000) | true' --chunk-by key
expect "small is done" "$(progress a_small .done)" true
AFTER=$(progress b_big .after)
BEFORE=$(progress b_big .rows)
ORDER=$(progress b_big .order)
START=$(jq -r .checkpoint.position state.json)
sql "INSERT INTO b_big VALUES ('k0', -1, 'behind us'), ('kz', 1, 'before us');"
sql "VACUUM FULL b_big"
cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json --chunk-by key --chunk-rows 1000 2>snapshot.err |
    tee lines.2 | sink state.json || fail "rerun"
expect "small is not read again" "$(rows a_small lines.2 | wc -l)" 0
expect "of the big one only the rest" "$(rows b_big lines.2 | wc -l)" "$((20001 - BEFORE))"
expect "which lies behind $AFTER" "$(rows b_big lines.2 | jq -c --argjson a "$AFTER" \
    'select([.key.k, .key.n] <= [$a[0], ($a[1] | tonumber)])' | wc -l)" 0
expect "end line: the order of the first begin line" "$(jq -c 'select(.snapshot.status == "end" and .source.table == "b_big") | .source.order' lines.2)" "$ORDER"
expect "rows: a higher order" "$(rows b_big lines.2 | jq -c --argjson o "$ORDER" 'select(.source.order <= $o)' | wc -l)" 0
expect "the stream starts where it started" "$(jq -r .checkpoint.position state.json)" "$START"
expect "done" "$(jq -r .checkpoint.snapshot state.json)" done
expect_exit 0 cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json >lines.3 2>snapshot.err
expect "nothing more to read" "$(wc -c <lines.3)" 0

say "partitions that came or went meanwhile: their rows have no change lines, the table is read again"
sql "CREATE TABLE d_done (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
     CREATE TABLE d_1 PARTITION OF d_done FOR VALUES FROM (1000) TO (2000);
     INSERT INTO d_done SELECT g, 'old' FROM generate_series(1000, 1100) g;
     CREATE TABLE e_parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
     CREATE TABLE e_1 PARTITION OF e_parted FOR VALUES FROM (1000) TO (90000);
     CREATE TABLE e_0 PARTITION OF e_parted FOR VALUES FROM (500) TO (1000);
     INSERT INTO e_parted SELECT g, 'old' FROM generate_series(900, 12000) g;
     CREATE TABLE d_0 (LIKE d_done INCLUDING ALL); INSERT INTO d_0 VALUES (5, 'attached');
     CREATE TABLE e_low (LIKE e_parted INCLUDING ALL); INSERT INTO e_low VALUES (6, 'attached'); ANALYZE"
cdc-capture --source "$(pg_url)" --slot s --drop 2>drop.err
rm state.json
killed_run '.checkpoint.snapshot.tables[]? | select(.table == "e_parted" and .rows >= 3000) | true' --tables 'public.[de]_*' --chunk-by key
expect "the other is done" "$(progress d_done .done)" true
sql "ALTER TABLE d_done ATTACH PARTITION d_0 FOR VALUES FROM (0) TO (10)"
sql "ALTER TABLE e_parted ATTACH PARTITION e_low FOR VALUES FROM (0) TO (10); ALTER TABLE e_parted DETACH PARTITION e_0"
cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json --tables 'public.[de]_*' --chunk-by key 2>snapshot.err |
    tee lines.2 | sink state.json || fail "rerun"
expect "attached rows" "$(jq -r 'select(.op) | .after.v' lines.2 | grep -c attached)" 2
expect "the whole table, without what was detached" "$(rows e_parted lines.2 | wc -l)" "$(sql "SELECT count(*) FROM e_parted")"
expect "as a whole table" "$(jq -r 'select(.snapshot.status == "begin") | .source.table + " " + (.snapshot.whole | tostring)' lines.2 | sort | tr '\n' ' ')" \
    "d_done true e_parted true "
expect_words snapshot.err "public.e_parted: its columns or partitions are not those of the earlier run"
sql "DROP TABLE d_done, e_parted, e_0"

say "physically, and without key: from the start, at a higher order"
cdc-capture --source "$(pg_url)" --slot s --drop 2>drop.err
rm state.json
killed_run '.checkpoint.snapshot.seq >= 2' --chunk-by ctid --tables 'public.[bc]_*'
expect "no progress in the big one" "$(progress b_big .rows)" ""
FIRST=$(jq -c 'select(.snapshot.status == "begin" and .source.table == "b_big") | .source.order' lines.1)
cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json --chunk-by ctid --tables 'public.[bc]_*' 2>snapshot.err |
    tee lines.2 | sink state.json || fail "rerun"
expect "all of it" "$(rows b_big lines.2 | wc -l)" "$(sql "SELECT count(*) FROM b_big")"
expect "higher" "$(jq -c --argjson o "$FIRST" 'select(.snapshot and .source.order <= $o)' lines.2 | wc -l)" 0

say "the shell line of the initial load, killed and run again"
cdc-capture --source "$(pg_url)" --slot s --drop 2>drop.err
rm state.json
the_line() {
    { cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json --jobs 1 --chunk-rows 1000 --chunk-by key "$@" 2>>snapshot.err &&
        cdc-capture --source "$(pg_url)" --slot s --checkpoint state.json --exit-at-end 2>>capture.err; } | kept |
        cdc-load --target "$TARGET" --checkpoint state.json 2>>load.err
}
the_line --max-rows-per-second 4000 &
LINE=$!
wait_until 30 bash -c "jq -e '.checkpoint.snapshot.tables[]? | select(.table == \"b_big\" and .rows >= 2000) | true' state.json"
pkill -9 -f -- "cdc-snapshot --source $(pg_url) --slot s" || fail "nothing to kill"
wait $LINE && fail "a killed snapshot must not look well"
[ ! -s capture.err ] || fail "capture was started behind a killed snapshot"
sql "DELETE FROM a_small WHERE id % 2 = 0; UPDATE b_big SET v = 'new' WHERE n % 100 = 5; INSERT INTO c_nokey VALUES ('late')"
the_line || fail "the line run again"
parity a_small b_big c_nokey
sql "INSERT INTO a_small VALUES (1000, 'after')"
the_line || fail "the line run a third time"
parity a_small b_big c_nokey
expect "the snapshot was read once" "$(grep -c 'the snapshot is done' snapshot.err)" 1

say "a table is added to the running pipeline by one command"
sql "CREATE TABLE late (id int PRIMARY KEY, v text); INSERT INTO late SELECT g, 'old' FROM generate_series(1, 1000) g;
     CREATE PUBLICATION chosen FOR TABLE a_small WITH (publish_via_partition_root = true)"
cdc-capture --source "$(pg_url)" --slot t --publication chosen --create --exit-after-create 2>>capture.err
cdc-capture --source "$(pg_url)" --slot t --publication chosen --checkpoint t.json --heartbeat 300ms 2>>capture.err >stream.pipe.lines &
CAPTURE=$!
wait_until 10 grep -q "slot 't'" capture.err
cdc-snapshot --source "$(pg_url)" --publication chosen --add --tables public.late 2>>snapshot.err |
    cdc-load --target "$TARGET" 2>>load.err || fail "--add"
sql "INSERT INTO late VALUES (2000, 'new'); DELETE FROM late WHERE id <= 10"
wait_until 20 grep -q '"op":"d"' stream.pipe.lines
kill $CAPTURE; wait $CAPTURE || true
grep -v '^{"checkpoint"' stream.pipe.lines | cdc-load --target "$TARGET" 2>>load.err || fail "load"
parity late
