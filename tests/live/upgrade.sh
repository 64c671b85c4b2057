#!/usr/bin/env bash
# What earlier releases left behind is taken over: each folder of tests/data/upgrade, made by its
# record.sh, has a target with its _cdc_state, a checkpoint file, lines, and records of topics.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse kafka
FRONT=${CDC_TEST_CLICKHOUSE_URL%/*}
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "$FRONT/?database=$DB"; }

restore() { # FOLDER: the release's ClickHouse database
    local file table
    printf 'DROP DATABASE IF EXISTS %s' "$DB" | curl -sS --fail-with-body --data-binary @- "$FRONT/?database=default"
    printf 'CREATE DATABASE %s' "$DB" | curl -sS --fail-with-body --data-binary @- "$FRONT/?database=default"
    for file in $(grep -L '^CREATE VIEW' "$1"/*.sql) $(grep -l '^CREATE VIEW' "$1"/*.sql); do
        ch "$(cat "$file")"
        table=$(basename "$file" .sql)
        [ ! -e "${file%.sql}.tsv" ] || curl -sS --fail-with-body --data-binary @"${file%.sql}.tsv" \
            "$FRONT/?database=$DB&query=INSERT%20INTO%20$table%20FORMAT%20TSVWithNames"
    done
}
rows_of() { # TABLE: as PostgreSQL's COPY writes what the view gives
    case $1 in
    orders) ch "SELECT id, ifNull(toString(amount), '\\\\N'), note, tags, m, at, ifNull(toString(extra), '\\\\N') FROM orders ORDER BY id FORMAT TSV" ;;
    log) ch "SELECT a, b FROM log ORDER BY ALL FORMAT TSV" ;;
    esac
}

for release in "$ROOT"/tests/data/upgrade/*/; do
    say "$(basename "$release"): the target goes on from its state, replays included"
    restore "$release/target"
    cp "$release/checkpoint.json" state.json
    expect "rows before" "$(ch "SELECT count() FROM orders")" 4
    cat "$release/before.ndjson" "$release/after.ndjson" |
        cdc-load --target "$FRONT/$DB" --checkpoint state.json 2>load.err || fail "cdc-load ended with $?"
    expect "keys" "$(ch "SELECT id FROM orders ORDER BY id FORMAT TSV" | tr '\n' ' ')" "$(cut -f1 "$release/orders.tsv" | tr '\n' ' ')"
    expect "values" "$(ch "SELECT amount, length(note), m, extra FROM orders ORDER BY id FORMAT TSV")" \
        "$(awk -F'\t' -v OFS='\t' '{ print $2 + 0, length($3), $5, $7 }' "$release/orders.tsv")"
    expect "table without key" "$(rows_of log)" "$(cat "$release/log.tsv")"
    expect "nothing is stale" "$(ch "SELECT count() FROM _cdc_state FINAL WHERE item IN ('stale', 'unproven') AND value != ''")" 0
    expect "the checkpoint moved on" "$(jq -r .checkpoint.position state.json)" \
        "$(grep '"checkpoint"' "$release/after.ndjson" | tail -n 1 | jq -r .checkpoint.position)"

    say "$(basename "$release"): a checkpoint file is read; another server is refused"
    DB=postgres sql "SELECT 1" >/dev/null
    [ -n "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = '$DB'")" ] || create_db
    cp "$release/checkpoint.json" other.json
    if [ -z "$(sql "SELECT 1 FROM pg_publication")" ]; then
        sql "CREATE PUBLICATION upgrade FOR ALL TABLES WITH (publish_via_partition_root)"
        sql "SELECT pg_create_logical_replication_slot('upgrade', 'pgoutput')" >/dev/null
    fi
    expect_exit 4 cdc-capture --source "$(pg_url)" --slot upgrade --checkpoint other.json --exit-at-end 2>other.err
    expect_words other.err "$(jq -r .checkpoint.server other.json)"

    say "$(basename "$release"): records of its topics are the lines that it read from them"
    for file in "$release"/topics/*.json; do
        topic=$(basename "$file" .json)
        python3 - "$file" "$CDC_TEST_KAFKA_BROKERS" "$topic" <<'PY' || fail "cannot send the records of $topic"
import json, subprocess, sys
for line in open(sys.argv[1]):
    record = json.loads(line)
    command = ["kcat", "-P", "-b", sys.argv[2], "-t", sys.argv[3], "-p", "0", "-Z"]
    names = record.get("headers", [])
    for name, value in zip(names[::2], names[1::2]):
        command += ["-H", f"{name}={value}"]
    if record["key"] is not None:
        command += ["-k", record["key"]]
    payload = record["payload"]
    subprocess.run(command, input=b"" if payload is None else payload.encode(), check=True)
PY
    done
    cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics up.public.orders,up.public.log --exit-at-end 2>consume.err >consumed
    lines() { jq -c 'select(.checkpoint | not) | del(.kafka, .ts_ms)' "$1" | sort; }
    diff <(lines "$release/consumed.ndjson") <(lines consumed) >difference || { head -c 2000 difference; fail "other lines"; }
done
say "all good"
