#!/usr/bin/env bash
# Beside a session that holds ACCESS EXCLUSIVE on one table, everything that concerns other tables
# goes on: --check, --create, the start of a capture, a snapshot. And no application meets a deadlock
# with us: DDL on partitions in a loop, beside captures and snapshots that begin in a loop.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
name=postgres${CDC_TEST_POSTGRES_VERSION:-} # in 17 and 18 more functions wait for a lock
start "$name"
url=CDC_TEST_${name^^}_URL
CDC_TEST_POSTGRES_URL=${!url}
create_db
sql "CREATE TABLE free (id int PRIMARY KEY, v text); INSERT INTO free SELECT g, 'v' FROM generate_series(1, 100) g;
     CREATE TABLE held (id int PRIMARY KEY, v text); ALTER TABLE held REPLICA IDENTITY FULL; INSERT INTO held VALUES (1, 'h');
     CREATE TABLE parted (id int, d int, PRIMARY KEY (id, d)) PARTITION BY LIST (d);
     CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
     CREATE PUBLICATION filtered FOR TABLE free WHERE (id > 50), held WHERE (v <> ''), parted WITH (publish_via_partition_root = true)"
sql "CREATE TABLE a_slow (id int PRIMARY KEY); INSERT INTO a_slow SELECT generate_series(1, 150)
     ; CREATE TABLE zz (id int PRIMARY KEY); INSERT INTO zz VALUES (1)
     ; ALTER PUBLICATION filtered ADD TABLE a_slow, zz"
is_locked() { [ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = 'held'::regclass AND mode = 'AccessExclusiveLock' AND granted")" = 1 ]; }
hold() {
    { echo "BEGIN; LOCK TABLE held, parted_1 IN ACCESS EXCLUSIVE MODE;"; sleep 600; } | psql -X -q -d "$(pg_url)" >hold.out 2>&1 &
    wait_until 10 is_locked
}
release() { sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'held'::regclass AND mode = 'AccessExclusiveLock' AND granted" >/dev/null; }
for slot in all filtered; do
    cdc-capture --source "$(pg_url)" --slot $slot --create --exit-after-create 2>create.err || fail "--create: $?"
done
cdc-capture --source "$(pg_url)" --slot some --create --exit-after-create --tables free 2>create.err || fail "--create: $?"

say "while a table is locked: --check and the start of a capture"
hold
for slot in all filtered some; do
    timeout 60 cdc-capture --source "$(pg_url)" --slot $slot --check 2>check.err || fail "--check of $slot: $?"
done
sql "INSERT INTO free VALUES (200, 'new')"
for slot in all filtered some; do
    timeout 60 cdc-capture --source "$(pg_url)" --slot $slot --peek --exit-at-end >lines 2>capture.err || fail "capture of $slot: $?"
    expect "changes of $slot" "$(grep -c '"op":"c"' lines)" 1
done
# Patterns are held against all tables, those that are locked too.
for how in --check --exit-at-end; do
    timeout 60 cdc-capture --source "$(pg_url)" --slot filtered --tables 'free,held,parted' --peek $how >lines 2>capture.err || fail "$how with patterns: $?"
done

say "--create waits for what it must, and says for whom: a lock of its tables, transactions that write"
cdc-capture --source "$(pg_url)" --slot late --create --exit-after-create --tables held 2>late.err &
late=$!
cdc-capture --source "$(pg_url)" --slot other --create --exit-after-create --tables free 2>other.err &
other=$!
wait_until 20 grep -q "waiting for locks of other sessions: process" late.err
wait_until 20 grep -q "transactions have ended that write now: process" other.err
expect_words other.err "made publication"
timeout 30 psql -X -q -d "$(pg_url)" -c "INSERT INTO free VALUES (201, 'another')" || fail "somebody waits for the one that waits"
release
wait $late || fail "--create ended with $?"
wait $other || fail "--create ended with $?"

say "a snapshot reads the other tables first, and the locked ones when they are free"
rm -f lines snapshot.err
cdc-snapshot --source "$(pg_url)" --publication filtered --jobs 1 --max-rows-per-second 50 >lines 2>snapshot.err &
snapshot=$!
wait_until 20 grep -q '"snapshot":{"status":"begin".*"table":"a_slow"' lines
kill -STOP $snapshot # it is not done with the others before the lock is there
hold
kill -CONT $snapshot
wait_until 30 grep -q '"snapshot":{"status":"end".*"table":"zz"' lines
wait_until 20 grep -q "'public.held' is locked by process" snapshot.err
is_locked || fail "the lock is gone"
release
wait $snapshot || fail "the snapshot ended with $?"
expect "rows of the locked table" "$(grep '"table":"held"' lines | grep -c '"op":"r"')" 1
expect "rows behind the row filter" "$(grep '"table":"free"' lines | grep -c '"op":"r"')" 52

say "DDL on partitions in a loop, beside captures and snapshots that begin in a loop"
rounds=${SOAK:+400}
python3 - "$(pg_url)" "${rounds:-40}" <<'P' >ddl.out 2>&1 &
import itertools, os, subprocess, sys
url, rounds = sys.argv[1], int(sys.argv[2])
psql = subprocess.Popen(["psql", "-X", "-q", "-d", url, "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for i in itertools.count():
    if i >= rounds and os.path.exists("ddl.enough"):
        break
    # Locks a partition first, then its root and its neighbours: against the order in which a reader
    # of the root would take them.
    psql.stdin.write(f"""BEGIN; ALTER TABLE parted_2 ADD CONSTRAINT c{i} CHECK (d = 2); SELECT pg_sleep(0.1);
        ALTER TABLE parted_1 ALTER id SET STATISTICS {i % 100}; SELECT pg_sleep(0.05); ALTER TABLE parted ADD COLUMN n{i} int;
        ALTER TABLE held ALTER v SET STATISTICS {i % 100}; ALTER TABLE parted_2 DROP CONSTRAINT c{i}; COMMIT;
        CREATE TABLE new_{i} PARTITION OF parted FOR VALUES IN ({i + 10}); INSERT INTO parted (id, d) VALUES ({i}, 1), ({i}, 2);\n\\echo done\n""")
    psql.stdin.flush()
    while psql.stdout.readline() not in ("done\n", ""):
        pass
    if psql.poll() is not None:
        break
psql.stdin.close()
sys.exit(psql.wait())
P
ddl=$!
(
    while kill -0 $ddl 2>/dev/null; do
        code=0
        timeout 60 cdc-snapshot --source "$(pg_url)" --publication filtered --jobs 2 >read.lines 2>read.err || code=$?
        [ $code = 0 ] || grep -q 'was altered\|was dropped' read.err || { echo "snapshot in the loop: $code" >read.failed; exit 1; }
    done
) &
readers=$!
begun=0
while kill -0 $ddl 2>/dev/null; do
    timeout 60 cdc-capture --source "$(pg_url)" --slot filtered --peek --until-idle 0s >lines 2>loop.err || fail "capture in the loop: $?"
    timeout 60 cdc-capture --source "$(pg_url)" --slot filtered --check >lines 2>loop.err || fail "--check in the loop: $?"
    begun=$((begun + 1))
    [ $begun -le 2 ] || touch ddl.enough
done
wait $readers || fail "$(cat read.failed)"
wait $ddl || { cat ddl.out >&2; fail "the application's DDL failed"; }
say "$begun times"
[ $begun -gt 2 ] || fail "only $begun times"
! grep -q 'deadlock detected' "$CDC_SERVICES_DIR/$name/log" || fail "a deadlock: $(grep -A3 'deadlock detected' "$CDC_SERVICES_DIR/$name/log" | head -n 8)"
