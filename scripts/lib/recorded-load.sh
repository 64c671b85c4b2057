# A recorded load of the shop of pipelines/ecommerce-stream, for other engines to be compared with; sourced by flink/run and
# spark/run. Servers, lines and states are in a folder of its own, which goes away at the end.
#
#   record EVENTS       PostgreSQL and Kafka started, the sample tables, a snapshot, EVENTS of generate-load, late rows; all
#                       in topics of three partitions (--envelope payload) and in the file `lines`. Sets SOURCE, BROKERS
#   answers             what PostgreSQL and cdc-transform make of it: views in PostgreSQL, the file `ours`
#   seconds COMMAND…    runs it, sets `took` and `peak` (MB)
set -euo pipefail

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=${CDC_TEST_BIN:-$scripts/../build/bin}:/usr/lib/postgresql/15/bin:$PATH
cache_dir=${CDC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cdc-toolkit}
views=$scripts/pipelines/sql/ecommerce_views.sql
name=$(basename "$(dirname "$(readlink -f "$0")")")

say() { echo "$name: $*" >&2; }
fail() { say "error: $*"; exit 1; }

work=$(mktemp -d /tmp/cdc-"$name"-XXXXXX)
chmod 755 "$work"
export CDC_SERVICES_DIR=$work/services
finish() {
    local code=$?
    trap - EXIT INT TERM
    "$scripts/services" stop --purge >/dev/null 2>&1 || true
    cd /
    if [ -n "${KEEP:-}" ]; then say "kept: $work"; else rm -rf "$work"; fi
    exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$work"

publish() { cdc-publish --envelope payload --partitions 3 --compression snappy --checkpoint capture.json; }
run_sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$SOURCE" "$@"; }

record() { # EVENTS
    say "servers"
    "$scripts/services" start postgres kafka >services.log 2>&1 || { cat services.log >&2; fail "servers do not start"; }
    eval "$("$scripts/services" env postgres kafka)"
    psql -X -q -d "$CDC_TEST_POSTGRES_URL" -c "CREATE DATABASE inventory"
    SOURCE=${CDC_TEST_POSTGRES_URL%/*}/inventory BROKERS=$CDC_TEST_KAFKA_BROKERS
    run_sql -f "$scripts/pipelines/sql/ecommerce.sql"
    export CDC_SOURCE=$SOURCE CDC_BROKERS=$BROKERS CDC_PREFIX=ecommerce CDC_SLOT=recorded CDC_TABLES='inventory.*' CDC_LOG_LEVEL=warning
    say "snapshot, $1 events, late rows"
    cdc-snapshot --create --checkpoint capture.json | tee lines | publish
    "$scripts/generate-load" --source "$SOURCE" --rate 0 --events "$1" --batch 20 --seed 5 >&2
    run_sql <"$scripts/lib/late-rows.sql"
    cdc-capture --exit-at-end --checkpoint capture.json | tee -a lines | publish
    say "$(grep -c '^{"key"' lines) changes recorded"
}

answers() {
    seconds cdc-transform --views "$views" --state state --ack on-write <lines >ours
    say "cdc-transform: $took s, $peak MB"
    {
        echo "CREATE SCHEMA views; SET search_path = views, inventory;"
        sed -E 's/^(CREATE VIEW [a-z_]+) (KEY|PARTITION) \([a-z_]*\) AS$/\1 AS/' "$views"
    } | run_sql
}

# Standard input and output are the command's.
seconds() { # COMMAND…
    /usr/bin/env python3 "$scripts/lib/measure" measured "$@" || return
    read -r took peak <measured
}
