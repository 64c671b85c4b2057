#!/usr/bin/env bash
# Ctrl-C in a terminal on the whole pipe: drained, acknowledged, every stage exits 0, and starting
# again replays nothing. A value of 50 MB and a long transaction come through whole. Metrics.
source "$(dirname "$0")/lib.sh"
ROWS=${CDC_TEST_BIG_ROWS:-100000}
[ -z "$SOAK" ] || ROWS=5000000
start postgres
create_db
export CDC_SOURCE CDC_SLOT=t CDC_PREFIX=t CDC_TARGET=$TARGET
export CDC_DRAIN=5m # the transaction is to come through whole, on a busy machine too
CDC_SOURCE=$(pg_url)
sql "CREATE TABLE t (id int PRIMARY KEY, v text)"
cdc-capture --create --exit-after-create 2>/dev/null

export LIMIT=120 # seconds for each wait
[ -z "$SOAK" ] || LIMIT=1200
cat >pipe.sh <<'PIPE'
trap : INT # the shell stays, to say how the stages ended
cdc-capture --checkpoint state.json --metrics capture.prom | tee -i "$1" |
    cdc-load --checkpoint state.json --metrics load.prom
echo "${PIPESTATUS[*]}" >codes
PIPE

# Runs pipe.sh on a terminal of its own; Ctrl-C once COMMAND holds. What does not happen within its
# time is said, with what stood on the terminal.
on_terminal() { # LINES COMMAND…
    rm -f codes
    python3 - "$@" <<'PY' || fail "on the terminal with $1"
import os, pty, select, signal, subprocess, sys, time
lines, condition = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "pipe.sh", lines])
said = b""


def follow(seconds, ended, what):
    """Reads the terminal until ended(), at most that long. False when the terminal was closed."""
    global said
    deadline, checked = time.monotonic() + seconds, 0
    while True:
        if time.monotonic() >= checked:
            if ended():
                return True
            checked = time.monotonic() + 0.1
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            sys.exit(f"after {seconds} s {what}; the terminal said:\n{said[-2000:].decode(errors='replace')}")
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                said += os.read(terminal, 65536)
            except OSError:
                return False


holds = lambda: subprocess.run(["bash", "-c", *condition], stdout=subprocess.DEVNULL).returncode == 0
if not follow(int(os.environ["LIMIT"]), holds, f"this does not hold yet: {' '.join(condition)}"):
    sys.exit(f"the pipe ended by itself; the terminal said:\n{said[-2000:].decode(errors='replace')}")
os.write(terminal, b"\x03")
follow(int(os.environ["LIMIT"]), lambda: False, "of Ctrl-C the pipe has not ended")
os.waitpid(pid, 0)
open("said", "wb").write(said)
PY
}
acknowledged() { # position of the file is the end of the log as it was
    cat <<CHECK
test -f state.json && test "\$(psql -X -q -At -d '$CDC_SOURCE' -c "SELECT '\$(jq -r .checkpoint.position state.json)'::pg_lsn >= '$1'")" = t
CHECK
}

say "$ROWS rows in one transaction, and Ctrl-C while they are on their way"
sql "INSERT INTO t SELECT g, 'row ' || g FROM generate_series(1, $ROWS) g"
on_terminal lines.1 "grep -qm1 '^{\"key\"' lines.1"
expect "exit statuses" "$(cat codes)" "0 0 0"
expect "slot and file" "$(sql 'SELECT confirmed_flush_lsn FROM pg_replication_slots')" "$(jq -r .checkpoint.position state.json)"
parity public.t=t

say "progress lines fit the terminal, and every message begins a line"
python3 - <<'PY'
import re
said = open("said", "rb").read().decode(errors="replace")
for line in re.split(r"\r\x1b\[K|\r?\n", said):
    assert len(line) < 80 or re.match(r"cdc-\w+: ", line), line
    assert not re.search(r".cdc-\w+: (info|warning|error): ", line), line
PY

say "a restart replays nothing; a value of 50 MB comes through"
sql "INSERT INTO t VALUES (0, repeat('long text ', 5000000))"
on_terminal lines.2 "$(acknowledged "$(sql 'SELECT pg_current_wal_flush_lsn()')")"
expect "exit statuses" "$(cat codes)" "0 0 0"
expect "changes of the second run" "$(grep -c '^{"key"' lines.2)" 1
parity public.t=t
on_terminal lines.3 "test -s lines.3"
expect "exit statuses" "$(cat codes)" "0 0 0"
expect "changes of the third run" "$(grep -c '^{"key"' lines.3 || true)" 0

say "figures"
expect_words said "changes"
expect_words load.prom "cdc_load_checkpoint_timestamp_seconds"
expect_words capture.prom "cdc_capture_confirmed_position_bytes"
say "all good"
