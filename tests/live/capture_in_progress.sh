#!/usr/bin/env bash
# Transactions that the server sends while they run: the lines are those of transactions that come
# after their commit. Interleaved, with subtransactions rolled back, with DDL, killed in the middle,
# without room for them. CDC_TEST_SEED repeats a run's choices.
# Pain 35: one huge transaction. Pain 40: a transaction that was cut is read whole.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
name=postgres${CDC_TEST_POSTGRES_VERSION:-}
SEED=${CDC_TEST_SEED:-$RANDOM}
SCALE=$([ -n "$SOAK" ] && echo 10 || echo 1)
start "$name"
url=CDC_TEST_${name^^}_URL
CDC_TEST_POSTGRES_URL=${!url}
create_db
say "seed $SEED"
sql "ALTER DATABASE $DB SET logical_decoding_work_mem = '64kB'"
sql "CREATE TABLE plain (id bigint PRIMARY KEY, n int, v text);
     CREATE TABLE toast (id bigint PRIMARY KEY, n int, v text);
     ALTER TABLE toast ALTER v SET STORAGE EXTERNAL;
     CREATE TABLE whole (id bigint, v text);
     ALTER TABLE whole REPLICA IDENTITY FULL;
     CREATE TABLE emptied (id bigint PRIMARY KEY);
     CREATE TABLE day (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
     CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
     CREATE TABLE day_2 PARTITION OF day FOR VALUES FROM ('2025-07-01') TO ('2026-01-01')"
for i in 0 1 2 3; do sql "CREATE TABLE own_$i (id bigint PRIMARY KEY, v text)"; done
capture --create --exit-after-create 2>/dev/null

in_progress() { capture --spool-limit "${LIMIT:-1GB}" "$@"; }
rows() { grep '^{"key"' "$@" | sed -E 's/,"ts_ms":[0-9]+\}$//'; }
streamed() { sql "SELECT stream_bytes > 0 FROM pg_stat_replication_slots WHERE slot_name = '$SLOT'"; }
# Table lines between transactions are those of looks at the catalog, and stand where these were made.
in_stream() { timeless "$1" | grep -v '^{"table".*"order":"[0-9a-f]*000000000000"'; }
same_lines() { # WHAT: what is in the log, sent both ways
    local limit
    # A message beside a transaction is in the log for others once a commit behind it is.
    sql "SELECT pg_logical_emit_message(true, 'end', '')" >/dev/null
    for limit in 0 1GB; do
        capture --spool-limit $limit --peek --exit-at-end --transactions >$limit.out 2>$limit.err
        in_stream $limit.out >$limit.sent
        capture --spool-limit $limit --peek --exit-at-end --messages 'test*' >$limit.messages.out 2>$limit.err
        rows $limit.messages.out >$limit.messages
    done
    cmp 0.sent 1GB.sent || { diff 0.sent 1GB.sent | cut -c1-600 | head -20; fail "$1: the lines differ"; }
    # A new connection, which undone subtransactions lead to here, has its table lines again.
    cmp 0.messages 1GB.messages || fail "$1: lines differ with logical messages"
    "$HERE/order_check.py" 1GB.out || fail "$1: order"
    echo "    $(wc -l <0.sent) lines"
}
# A session that waits for what is said to it: its statements have run when `says` returns.
sessions=0
session() { # NAME
    mkfifo "$1.in" "$1.out"
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$(pg_url)" <"$1.in" >"$1.out" 2>"$1.psql" &
    eval "exec {$1_in}>$1.in {$1_out}<$1.out"
}
says() { # NAME SQL
    local in=${1}_in out=${1}_out answer
    printf '%s;\n\\echo done\n' "$2" >&"${!in}"
    while read -r -t 60 answer <&"${!out}"; do
        [ "$answer" != done ] || return 0
    done
    cat "$1.psql"
    fail "$1: $2"
}

say "random transactions of several sessions"
cat >random.py <<'EOF'
import random, sys
seed, session, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
dice = random.Random(f"{seed} {session}")
base = session * 10_000_000
wide = False
def some():
    return dice.choice([1, 3, 50, 400, 1500])
def key():
    return base + dice.randrange(4000)
def change():
    a, n = key(), some()
    b = a + n
    return dice.choice([
        f"INSERT INTO plain SELECT i, i, 'row ' || i FROM generate_series({a}, {b}) i ON CONFLICT DO NOTHING",
        f"INSERT INTO plain SELECT i, i, 'row ' || i FROM generate_series({a}, {b}) i ON CONFLICT DO NOTHING",
        f"UPDATE plain SET n = n + 1 WHERE id BETWEEN {a} AND {b}",
        f"DELETE FROM plain WHERE id BETWEEN {a} AND {a + n // 5}",
        f"UPDATE plain SET id = id + 5000 WHERE id = {a} AND NOT EXISTS (SELECT FROM plain WHERE id = {a + 5000})",
        f"INSERT INTO toast SELECT i, i, repeat(md5(i::text), 100) FROM generate_series({a}, {a + n % 40}) i ON CONFLICT DO NOTHING",
        f"UPDATE toast SET n = n + 1 WHERE id BETWEEN {a} AND {b}",
        f"UPDATE toast SET id = id + 5000 WHERE id = {a} AND NOT EXISTS (SELECT FROM toast WHERE id = {a + 5000})",
        f"INSERT INTO whole SELECT {session}, 'row ' || i FROM generate_series({a}, {b}) i",
        f"UPDATE whole SET v = v || '+' WHERE id = {session} AND v LIKE 'row {a % 10}%'",
        f"INSERT INTO day SELECT i, date '2025-01-01' + (i % 364)::int FROM generate_series({a}, {b}) i ON CONFLICT DO NOTHING",
        f"INSERT INTO own_{session} (id, v) SELECT i, 'own' FROM generate_series({a}, {b}) i ON CONFLICT DO NOTHING",
        f"UPDATE own_{session} SET v = v || '.' WHERE id BETWEEN {a} AND {b}",
        f"SELECT pg_logical_emit_message(true, 'test', 'in {session}')",
        f"SELECT pg_logical_emit_message(false, 'test', 'beside {session}')",
    ])
def ddl():
    name = f"c{dice.randrange(3)}"
    return dice.choice([
        f"ALTER TABLE own_{session} ADD COLUMN IF NOT EXISTS {name} int DEFAULT {dice.randrange(9)}",
        f"ALTER TABLE own_{session} DROP COLUMN IF EXISTS {name}",
        f"TRUNCATE own_{session}",
    ])
def block(depth):
    for _ in range(dice.randrange(1, 5)):
        r = dice.random()
        if r < 0.25 and depth < 4:
            name = f"s{depth}"
            print(f"SAVEPOINT {name};")
            block(depth + 1)
            print(dice.choice([f"ROLLBACK TO {name}", f"ROLLBACK TO {name}", f"RELEASE {name}"]) + ";")
        elif r < 0.32:
            print(ddl() + ";")
        else:
            print(change() + ";")
for _ in range(count):
    print("BEGIN;")
    block(0)
    print("ROLLBACK;" if dice.random() < 0.15 else "COMMIT;")
EOF
random_load() { # SEED COUNT: in the background; PIDs in $load
    load=()
    local i
    for i in 0 1 2 3; do
        python3 random.py "$1" $i "$2" >"load.$i.sql"
        psql -X -q -v ON_ERROR_STOP=1 -d "$(pg_url)" -f "load.$i.sql" >/dev/null 2>"load.$i.err" &
        load+=($!)
    done
}
loaded() {
    local pid
    for pid in "${load[@]}"; do wait "$pid" || fail "the load"; done
}
# In that of 2956 the stream begins again before a message that stands beside transactions.
for seed in 2956 "$SEED"; do
    random_load "$seed" $((15 * SCALE))
    loaded
    same_lines "random transactions of seed $seed"
done
expect "transactions came while they ran" "$(streamed)" t

say "a message beside a transaction for which there is no room is written once"
wait_until 20 slot_free
sql "SELECT pg_replication_slot_advance('$SLOT', pg_current_wal_lsn())" >/dev/null
sql "BEGIN; INSERT INTO plain SELECT -20000 - i, i, 'before it' FROM generate_series(1, 1000) i;
     SELECT pg_logical_emit_message(false, 'test', 'beside it');
     INSERT INTO plain SELECT -30000 - i, i, 'behind it' FROM generate_series(1, 5000) i; COMMIT" >/dev/null
LIMIT=200k in_progress --peek --exit-at-end --messages 'test' >beside.out 2>beside.err
grep -q 'have reached --spool-limit' beside.err || fail "there was room"
expect "messages" "$(grep -c '"op":"m"' beside.out)" 1
expect "rows" "$(rows beside.out | grep -c '"op":"c"')" 6000

say "another list of columns while a transaction runs"
if [ "$(sql "SELECT current_setting('server_version_num')::int >= 150000")" = t ]; then
    sql "CREATE PUBLICATION few FOR TABLE plain (id, v)"
    sql "SELECT pg_create_logical_replication_slot('few', 'pgoutput')" >/dev/null
    session open
    says open "BEGIN; INSERT INTO plain SELECT -i, i, 'open' FROM generate_series(1, 2000) i"
    sql "ALTER PUBLICATION few SET TABLE plain (id)"
    sql "INSERT INTO plain VALUES (-9001, 1, 'narrow')"
    says open "COMMIT"
    sql "INSERT INTO plain VALUES (-9002, 1, 'narrow')"
    for limit in 0 1GB; do
        cdc-capture --source "$(pg_url)" --slot few --spool-limit $limit --peek --exit-at-end >few.$limit.out 2>few.err
        rows few.$limit.out >few.$limit
    done
    # Rows that were sent before have the column that the list has lost since.
    for limit in 0 1GB; do sed -E 's/"after":\{[^}]*\}//' few.$limit >few.$limit.keys; done
    cmp few.0.keys few.1GB.keys || fail "the lines differ"
    expect "rows" "$(wc -l <few.1GB.keys)" 2002
    grep -q '"v":"open"' few.1GB || fail "no row was sent before the list was another one"
    expect "narrow rows" "$(grep '"id":-900' few.1GB | grep -c '"after":{"id":-900.}')" 2
    SLOT=few wait_until 20 slot_free
    sql "SELECT pg_drop_replication_slot('few'); DROP PUBLICATION few" >/dev/null
    eval "exec $open_in>&- $open_out<&-"
fi

say "killed in the middle, and its connection cut: the server sends again what had not committed"
metric() { sed -n 's/^cdc_capture_spool_bytes //p' capture.prom 2>/dev/null; }
spooled() { [ "$(metric)" -gt 0 ]; }
begin() { in_progress --checkpoint state.json --metrics capture.prom --checkpoint-interval 100ms "$@" 2>>capture.err | sink state.json & }
running() { pgrep -f -- "cdc-capture --source $(pg_url) --slot $SLOT --spool-limit" | head -n 1; }
runs() { [ -n "$(running)" ]; }
# With its sink, which takes what the one that was killed has left in the pipe.
ended() { [ -z "$(running)" ] && flock -n state.json.lines true; }
wait_until 20 slot_free
sql "SELECT pg_replication_slot_advance('$SLOT', pg_current_wal_lsn())" >/dev/null
sql "SELECT pg_copy_logical_replication_slot('$SLOT', 'reference')" >/dev/null
rm -f capture.prom
begin
session big
says big "BEGIN; INSERT INTO plain SELECT 70000000 + i, i, 'big' FROM generate_series(1, 3000) i"
wait_until 30 spooled
step=0
for how in KILL TERM cut; do
    step=$((step + 1))
    case $how in
    cut)
        rm -f capture.prom
        sql "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '$SLOT'" >/dev/null
        ;;
    *)
        kill -$how "$(running)"
        wait_until 30 ended
        rm -f capture.prom
        begin
        ;;
    esac
    # What stands before the confirmed position is sent with the next that the server has no room for.
    says big "INSERT INTO plain SELECT 7000$((step))0000 + i, i, 'big' FROM generate_series(1, 3000) i"
    wait_until 60 spooled
    sql "INSERT INTO plain VALUES (8000000$step, 0, 'small $how')"
    wait_until 30 grep -q "small $how" state.json.lines
done
! grep -q '"v":"big"' state.json.lines || fail "lines of what has not committed"
random_load "$SEED again" $((8 * SCALE))
for _ in 1 2 3; do
    wait_until 30 runs
    sleep 0.$((RANDOM % 10))
    kill -KILL "$(running)"
    wait_until 30 ended
    begin
done
loaded
says big "COMMIT"
sql "INSERT INTO plain VALUES (90000000, 0, 'the end')"
wait_until 60 grep -q '"the end"' state.json.lines
wait_until 60 positions_reach state.json "$(log_end)"
kill -TERM "$(running)"
wait_until 30 ended
cdc-capture --source "$(pg_url)" --slot reference --publication "$SLOT" --spool-limit 0 --peek --exit-at-end >reference.out 2>reference.err
# What only the source has is that of the time of reading.
plain_rows() { rows "$1" | grep -v '"fetched":\|"gone":' | LC_ALL=C sort -u; }
plain_rows reference.out >reference.rows
plain_rows state.json.lines >killed.rows
cmp reference.rows killed.rows || fail "lines are missing, or differ"
expect "rows of the big one" "$(grep -c '"v":"big"' killed.rows)" 12000
echo "    $(wc -l <killed.rows) rows"

say "the limit is reached: the others do not wait, and what follows is sent while it runs again"
LIMIT=200k begin
rm -f capture.prom
says big "BEGIN; INSERT INTO plain SELECT 100000000 + i, i, 'large' FROM generate_series(1, 20000) i"
wait_until 30 grep -q 'have reached --spool-limit' capture.err
sql "INSERT INTO plain VALUES (110000000, 0, 'beside the large one')"
wait_until 30 grep -q 'beside the large one' state.json.lines
says big "COMMIT"
wait_until 30 grep -q '"id":100020000}' state.json.lines
wait_until 60 grep -q 'are sent while they run again' capture.err
says big "BEGIN; INSERT INTO plain SELECT 120000000 + i, i, 'later' FROM generate_series(1, 1000) i"
wait_until 30 spooled
says big "COMMIT"
wait_until 30 grep -q '"id":120001000}' state.json.lines
expect "rows of the large one" "$(rows state.json.lines | grep -c '"v":"large"')" 20000
expect "rows after it" "$(rows state.json.lines | grep -c '"v":"later"')" 1000
kill -TERM "$(running)"
wait_until 30 ended

say "no room on the disk: the same"
mkdir disk
mount -t tmpfs -o size=256k none disk || fail "no right to mount a file system: run as root"
at_end() { umount -l "$WORK/disk"; }
begin --spool disk
says big "BEGIN; INSERT INTO plain SELECT 130000000 + i, i, 'no room' FROM generate_series(1, 20000) i"
wait_until 30 grep -q "cannot write a file in 'disk'" capture.err
says big "COMMIT"
wait_until 30 grep -q '"id":130020000}' state.json.lines
expect "rows of it" "$(rows state.json.lines | grep -c '"v":"no room"')" 20000
kill -TERM "$(running)"
wait_until 30 ended
say "all good"
