# Shared by the live tests; source it first. Gives private servers, an empty folder that goes away
# with them, and the words below. A test that cannot get its server fails.
#
#   start NAME…            private servers of scripts/services; exports CDC_TEST_*_URL
#   sql [DB] TEXT          psql, tuples only; stops the test on an error
#   ch TEXT                a query to $TARGET (http://… or chdb:DIR)
#   expect WHAT GOT WANTED
#   wait_until SECONDS COMMAND…
#                          a file that a job in the background writes is removed before the job starts:
#                          the job empties it a moment later, and what an earlier one wrote would count
#   … | kept [NAME] | …    keeps the lines of a capture; at the end the order of each checkpoint is held
#                          against the changes around it (order_check.py), as in `lines`, `out`, *.lines
#   parity TABLE[=VIEW]…   source and target row by row (parity.py)
#   free_port [COUNT]      one for a server of the test's own; the first of COUNT in a row
#   standby NAME [LINE…]   a standby of a private PostgreSQL that runs; sets STANDBY, its URL without a
#                          database. LINEs are for its configuration, `primary_slot_name` makes the slot
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
BIN=${CDC_TEST_BIN:-$ROOT/build/bin}
PATH=$BIN:/usr/lib/postgresql/15/bin:$PATH
WORK=$(mktemp -d /tmp/cdc-live-XXXXXX)
chmod 755 "$WORK" # servers may run as another user
export CDC_SERVICES_DIR=$WORK/services
export PGCONNECT_TIMEOUT=10
SOAK=${CDC_TEST_SOAK:-}
DB=inventory
TARGET=chdb:$WORK/target
cd "$WORK"
exec {SPEECH}>&2 # `expect_exit 4 tool 2>err` must not swallow what expect_exit itself has to say
SPOKEN=

# The processes below PID: they outlive a shell that is killed, and hold its stdout open.
below() { # PID
    local child
    for child in $(pgrep -P "$1"); do
        echo "$child"
        below "$child"
    done
}

at_end() { :; } # what a test undoes itself; it redefines this

finish() {
    local code=$? last=$BASH_COMMAND pid
    trap - EXIT INT TERM
    at_end >/dev/null 2>&1 || true
    [ $code = 0 ] || [ -n "$SPOKEN" ] || echo "FAILED: exit status $code at: $last" >&"$SPEECH"
    local pids
    pids=$(jobs -p)
    for pid in $pids; do pids+=" $(below "$pid")"; done
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
    "$ROOT/scripts/services" stop --purge >/dev/null 2>&1
    [ $code != 0 ] || orders_hold || code=1
    if [ $code != 0 ] && [ -n "${CDC_TEST_KEEP:-}" ]; then
        echo "kept: $WORK"
    else
        rm -rf "$WORK"
    fi
    exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# Every checkpoint's order against the changes around it, in all lines that the test kept: those of one
# process in `lines`, `out`, `many`, stream*, of several in *.lines.
orders_hold() {
    local file
    for file in "$WORK"/lines "$WORK"/out "$WORK"/many "$WORK"/stream "$WORK"/stream.all; do
        [ ! -f "$file" ] || "$HERE/order_check.py" "$file" >&"$SPEECH" 2>&1 || return 1
    done
    for file in "$WORK"/*.lines "$WORK"/lines.*; do
        [ ! -f "$file" ] || "$HERE/order_check.py" --appended "$file" >&"$SPEECH" 2>&1 || return 1
    done
}

# One that still writes what a killed capture left is waited for.
kept() { exec flock --no-fork "$WORK/${1:-capture}.lock" tee -ia "$WORK/${1:-capture}.lines"; }

say() { echo "--- $*"; }
fail() {
    SPOKEN=yes
    echo "FAILED: $*" >&"$SPEECH"
    for log in "$WORK"/*.err "$WORK"/err "$WORK"/state/*/logs/*.log; do
        [ -s "$log" ] && { echo "== ${log##*/}"; tail -n 20 "$log"; } >&"$SPEECH"
    done
    exit 1
}

start() {
    "$ROOT/scripts/services" start "$@" >"$WORK/services.log" 2>&1 || { cat "$WORK/services.log"; fail "cannot start $*"; }
    eval "$("$ROOT/scripts/services" env "$@")"
}

# The URL of database DB on the private PostgreSQL.
pg_url() { echo "${CDC_TEST_POSTGRES_URL%/*}/${1:-$DB}"; }
sql() {
    local db=$DB
    [ $# -gt 1 ] && { db=$1; shift; }
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$(pg_url "$db")" -c "$1"
}
create_db() { sql postgres "CREATE DATABASE $DB"; }

ch() {
    case $TARGET in
    chdb:*) "$ROOT/scripts/chdb.py" "${TARGET#chdb:}" "$1" ;;
    *) printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "$TARGET" ;;
    esac
}

expect() { # WHAT GOT WANTED
    [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}
expect_exit() { # WANTED COMMAND…
    local wanted=$1 code=0
    shift
    "$@" || code=$?
    expect "exit status of $1" "$code" "$wanted"
}
expect_words() { # FILE WORDS
    grep -qF -- "$2" "$1" || { cat "$1" >&"$SPEECH"; fail "'$2' is not in ${1##*/}"; }
}

# On a quiet machine; on one that is busy three times as long is waited. A question that takes long is asked less often,
# and leaves the processor to what is waited for.
wait_until() { # SECONDS COMMAND…
    local end=$((SECONDS + 3 * $1)) asked pause
    shift
    while asked=${EPOCHREALTIME/[.,]/}; ! "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited in vain for: $*"
        pause=$((3 * (${EPOCHREALTIME/[.,]/} - asked)))
        printf -v pause %07d $((pause < 100000 ? 100000 : pause > 1000000 ? 1000000 : pause))
        sleep "${pause:0:1}.${pause:1}"
    done
}

free_port() { "$ROOT/scripts/services.d/free_port.py" "$@"; }

# Removes binary logs by the test's my(). MariaDB keeps one for a moment that recovery may need.
purge_logs_to() { # FILE
    wait_until 20 oldest_log_is "$1"
}
oldest_log_is() {
    my "PURGE BINARY LOGS TO '$1'"
    [ "$(my "SHOW BINARY LOGS" | head -n 1 | cut -f1)" = "$1" ]
}

standby() { # NAME [LINE…]
    local state=$CDC_SERVICES_DIR/$1 port user=() line
    "$ROOT/scripts/services" stop "$1" >/dev/null 2>&1
    cp -a "$state/data" "$state/standby"
    start "$1"
    shift
    rm -f "$state/standby/postmaster.pid"
    port=$(free_port)
    printf '%s\n' "primary_conninfo = 'host=127.0.0.1 port=$(cat "$state/port") user=postgres dbname=postgres'" \
        "port = $port" "unix_socket_directories = ''" "$@" >>"$state/standby/cdc.conf"
    for line in "$@"; do
        [[ $line != primary_slot_name* ]] ||
            sql postgres "SELECT pg_create_physical_replication_slot(${line#*=}, true)" >/dev/null
    done
    touch "$state/standby/standby.signal"
    [ "$EUID" != 0 ] || { chown postgres "$state/standby/standby.signal"; user=(setpriv --reuid=postgres --regid=postgres --init-groups); }
    "${user[@]}" "$state/programs/bin/postgres" -D "$state/standby" >standby.err 2>&1 &
    wait_until 30 pg_isready -q -h 127.0.0.1 -p "$port"
    STANDBY=postgresql://postgres@127.0.0.1:$port
}

parity() {
    "$HERE/parity.py" --source "$(pg_url)" --target "$TARGET" "$@" || fail "source and target differ: $*"
}
