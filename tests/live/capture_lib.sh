# Words of the capture tests, beside lib.sh.

capture() { cdc-capture --source "$(pg_url)" --slot "$SLOT" "$@"; }
SLOT=capture

# A last stage: keeps all lines in FILE.lines and each checkpoint line, as soon as it comes, in FILE.
# One that still writes what a killed capture left is waited for.
sink() { # FILE
    python3 -c '
import fcntl, os, sys
name = sys.argv[1]
with open(name + ".lines", "ab") as kept:
    fcntl.flock(kept, fcntl.LOCK_EX)
    for line in sys.stdin.buffer:
        kept.write(line)
        if line.startswith(b"{\"checkpoint\""):
            kept.flush()
            with open(name + ".new", "wb") as new:
                new.write(line)
            os.rename(name + ".new", name)
' "$1"
}

changes() { grep -E '^\{"(key|table)"' "$1" || true; }
# Lines without their last member, ts_ms.
timeless() { changes "$1" | sed -E 's/,"ts_ms":[0-9]+\}$//'; }
slot_is() { sql "SELECT $1 FROM pg_replication_slots WHERE slot_name = '$SLOT'"; }
slot_active() { [ "$(slot_is active)" = t ]; }
slot_free() { [ "$(slot_is active)" = f ]; } # its server process ends a moment behind the one that read it
log_end() { sql "SELECT pg_current_wal_flush_lsn()"; }
positions_reach() { # FILE LSN: does the checkpoint file hold it?
    local at
    at=$(jq -r .checkpoint.position "$1" 2>/dev/null) || return 1
    [ "$(sql "SELECT '$at'::pg_lsn >= '$2'::pg_lsn")" = t ]
}
measured() { # FILE COMMAND…: its seconds and its largest memory in MB, into FILE
    python3 -c '
import resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{time.monotonic() - start:.1f} {used.ru_maxrss // 1024}\n")
sys.exit(code)' "$@"
}
set -E
trap 'echo "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND" >&2' ERR
