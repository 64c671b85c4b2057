#!/usr/bin/env bash
# cdc-lag: within, beyond, could not tell; a stopped pipe is seen, a lost slot is beyond.
# Pain 3: the slot that is about to be lost. Pain 46: a stopped pipe is an exit status.
source "$(dirname "$0")/lib.sh"
export CDC_PG_CONF=$'max_slot_wal_keep_size = 1MB\nmin_wal_size = 32MB\nmax_wal_size = 64MB'
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
sql "CREATE TABLE t (id int PRIMARY KEY, v text)"

pipe() {
    cdc-capture --source "$(pg_url)" --slot lag --prefix lag --checkpoint state.json --heartbeat 500ms "$@" 2>>capture.err | kept |
        cdc-load --target "$TARGET" --checkpoint state.json 2>>load.err
}
lag() { cdc-lag --source "$(pg_url)" --checkpoint state.json --target "$TARGET" "$@" 2>lag.err; }

say "nothing there yet: could not tell"
expect_exit 2 lag
expect_exit 2 cdc-lag --source "$(pg_url)" --slot nobody 2>lag.err
expect_words lag.err "no such slot"
expect_exit 2 cdc-lag --source "postgresql://postgres@127.0.0.1:1/x" 2>lag.err

say "a running pipe is within"
pipe --create &
PIPE=$!
wait_until 20 test -s state.json
sql "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g"
within() { lag --max-bytes 1k --max-seconds 5 --json >lag.json; }
wait_until 20 within
expect "verdict" "$(jq -r .verdict lag.json)" within
expect "hops" "$(jq -r '[.hops[].kind] | join(" ")' lag.json)" "slot checkpoint target"
expect "no hop is unknown" "$(jq -r '[.hops[].unknown] | unique | tostring' lag.json)" "[null]"
expect "quiet" "$(lag --quiet --max-seconds 60)" ""

say "metrics are written whole"
lag --prometheus lag.prom --quiet
for metric in cdc_lag_bytes cdc_lag_seconds cdc_slot_retained_bytes cdc_target_load_age_seconds; do
    expect_words lag.prom "$metric{kind="
done
command -v promtool >/dev/null && { promtool check metrics <lag.prom || fail "promtool refuses the metrics"; }

say "CSV has exact numbers, the table one word a field; who reads only the first lines is not scolded"
lag --csv >lag.csv
expect "CSV" "$(python3 -c 'import csv; print(*[row["kind"] for row in csv.DictReader(open("lag.csv"))])')" "slot checkpoint target"
lag >lag.table
expect "fields" "$(awk 'NR > 1 { print (NF >= 6) }' lag.table | sort -u)" 1
for _ in $(seq 20); do lag --json | true; done
expect "what is said" "$(cat lag.err)" ""
sql "CREATE DATABASE another" 
expect_exit 2 cdc-lag --source "$(pg_url another)" --checkpoint state.json 2>lag.err
expect_words lag.err "belongs to database '$DB', not to 'another'"
expect "errors" "$(grep -c 'belongs to database' lag.err)" 1

say "--watch on a terminal of 80 columns is redrawn in place"
python3 - cdc-lag --source "$(pg_url)" --checkpoint state.json --watch 200ms <<'PY'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])

said = b""
def read(end):
    """False: the tool has closed the terminal, or it is late."""
    global said
    if not select.select([terminal], [], [], max(end - time.monotonic(), 0))[0]:
        return False
    try:
        more = os.read(terminal, 65536)
    except OSError:
        return False
    said += more
    return more != b""

def lines_of(said):
    text = said.decode(errors="replace").replace("\r", "")
    return [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in text.split("\n")]

def curve_drawn(said):
    """A slot that has caught up has its lowest bar."""
    return any("slot" in line and "\u2581" in line for line in lines_of(said))

end = time.monotonic() + 60
while (said.count(b"\x1b[H") < 4 or not curve_drawn(said)) and read(end):
    pass
os.kill(pid, signal.SIGTERM)
end = time.monotonic() + 20
while read(end):
    pass
ended = 0
while ended == 0 and time.monotonic() < end:
    ended, code = os.waitpid(pid, os.WNOHANG)
    time.sleep(0.02)
if ended == 0:
    os.kill(pid, signal.SIGKILL)
    sys.exit("cdc-lag --watch runs 20 s after SIGTERM: " + repr(said[-500:]))
status = os.waitstatus_to_exitcode(code)
text = said.decode()
lines = lines_of(said)
assert status == 0, (status, text[-500:])
assert text.count("\x1b[H") >= 4 and text.count("\x1b[2J") == 1, text
assert max(map(len, lines)) <= 80, max(lines, key=len)
assert curve_drawn(said), text
PY

say "--watch: the first screen comes within two seconds, and names what does not answer"
python3 - cdc-lag --source "$(pg_url)" --watch 1s <<'PY'
import fcntl, os, pty, select, signal, socket, struct, sys, termios, time
silent = socket.socket()  # a broker that takes connections, and says nothing
silent.bind(("127.0.0.1", 0))
silent.listen(8)
command = sys.argv[1:] + ["--brokers", "127.0.0.1:%d" % silent.getsockname()[1], "--group", "g"]

def watched():
    """When the first screen came, and all screens, until one names the broker."""
    began = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execvp(command[0], command)
    said, first = b"", None
    while time.monotonic() < began + 30 and not (b"no answer for" in said and b"!kafka      kafka" in said):
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 65536)
            first = first or time.monotonic() - began
    os.kill(pid, signal.SIGTERM)
    while select.select([terminal], [], [], 10)[0]:
        try:
            os.read(terminal, 65536)
        except OSError:
            break
    os.waitpid(pid, 0)
    return first, said.decode()

for tries in range(5): # a busy machine may be late once
    first, text = watched()
    assert " slot       lag" in text and "!kafka      kafka" in text, text
    assert "no answer for" in text, text
    if first < 2:
        break
else:
    sys.exit(f"the first screen came after {first:.1f} s")
PY

say "a stopped pipe falls behind"
pkill -TERM -P $PIPE cdc-capture
wait $PIPE
expect_words load.err "1,000 rows into 1 table, "
sql "INSERT INTO t SELECT g, repeat('y', 100) FROM generate_series(1001, 2000) g"
expect_exit 1 lag --max-bytes 1k
expect_words lag.err "behind, more than"
sleep 1.2
expect_exit 1 lag --max-seconds 1s

say "the server gives the slot up: beyond, without any limit"
for _ in 1 2 3 4; do sql "SELECT pg_switch_wal()" >/dev/null; sql "INSERT INTO t VALUES (-1, 'x') ON CONFLICT (id) DO UPDATE SET v = 'z'"; done
sql CHECKPOINT
expect_exit 1 lag
expect_words lag.err "slot 'lag'"

say "--watch ends with the last verdict"
cdc-lag --source "$(pg_url)" --watch 200ms --json >watch.json 2>lag.err &
WATCH=$!
wait_until 20 eval '[ "$(wc -l <watch.json)" -ge 3 ]'
kill -TERM $WATCH
expect_exit 1 wait $WATCH
say done
