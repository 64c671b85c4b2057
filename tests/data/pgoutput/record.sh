#!/usr/bin/env bash
# Records NAME.sql anew as NAME.bin: tests/data/pgoutput/record.sh BUILD [SERVICE] NAME…
# NAME.sql is run in two parts: up to the line "-- stream", before the slot is made, and the rest.
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
run() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
for name in "$@"; do
    run -d "$base/postgres" -c "DROP DATABASE IF EXISTS record" -c "CREATE DATABASE record"
    sed '/^-- stream$/,$d' "$here/$name.sql" | run -d "$base/record"
    run -d "$base/record" -c "CREATE PUBLICATION p FOR ALL TABLES WITH (publish_via_partition_root)" \
        -c "SELECT pg_create_logical_replication_slot('record', 'pgoutput')" >/dev/null
    sed '1,/^-- stream$/d' "$here/$name.sql" | run -d "$base/record"
    "$build/bin/pgoutput-record" "$base/record" record p >"$here/$name.bin"
    sleep 0.2
    run -d "$base/record" -c "SELECT pg_drop_replication_slot('record')" >/dev/null
    ls -l "$here/$name.bin"
done
