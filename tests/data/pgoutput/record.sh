#!/usr/bin/env bash
# Records NAME.sql anew as NAME.bin: tests/data/pgoutput/record.sh BUILD [SERVICE] NAME…
# NAME.sql is run in two parts: up to the line "-- stream", before the slot is made, and the rest, in
# which `\! $OTHER` is the psql of another session. The log of in_progress is recorded twice: with
# transactions that are sent while they run, and as in_progress_whole.bin without.
# The golden lines NAME.ndjson are then to be looked at and written again (CDC_TEST_REWRITE=1
# build/bin/unit_tests).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
build=$1
shift
service=postgres
case ${1:-} in postgres*) service=$1; shift ;; esac
cmake --build "$build" --target pgoutput-record
"$root/scripts/services" start "$service"
eval "$("$root/scripts/services" env "$service")"
variable=CDC_TEST_${service^^}_URL
base=${!variable%/*}
export OTHER="psql -X -q -v ON_ERROR_STOP=1 -d $base/record"
run() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
record() { # SLOT FILE [MEMORY]
    "$build/bin/pgoutput-record" "$base/record" "$1" p "${@:3}" >"$here/$2.bin"
    ls -l "$here/$2.bin"
}
for name in "$@"; do
    run -d "$base/postgres" -c "DROP DATABASE IF EXISTS record" -c "CREATE DATABASE record"
    sed '/^-- stream$/,$d' "$here/$name.sql" | run -d "$base/record"
    run -d "$base/record" -c "CREATE PUBLICATION p FOR ALL TABLES WITH (publish_via_partition_root)" \
        -c "SELECT pg_create_logical_replication_slot('record', 'pgoutput')" \
        -c "SELECT pg_create_logical_replication_slot('record_whole', 'pgoutput')" >/dev/null
    sed '1,/^-- stream$/d' "$here/$name.sql" | run -d "$base/record"
    if [ "$name" = in_progress ]; then
        record record in_progress 64kB
        record record_whole in_progress_whole
    else
        record record "$name"
    fi
    sleep 0.2
    run -d "$base/record" -c "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots" >/dev/null
done
