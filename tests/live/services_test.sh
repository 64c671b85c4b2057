#!/usr/bin/env bash
# The private servers themselves: each starts, answers, is paused, killed and taken up again with
# what it acknowledged, and leaves nothing behind.  tests/live/services_test.sh [NAME…]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=$root/scripts/services
chdb=$root/scripts/chdb.py
names=("$@")
((${#names[@]})) || names=(postgres postgres16 postgres17 postgres18 clickhouse clickhouse-server kafka)

work=$(mktemp -d "${TMPDIR:-/tmp}/cdc-services-test.XXXXXX")
chmod 755 "$work"
export CDC_SERVICES_DIR=$work/services
failures=0
cleanup() {
    "$services" stop --purge >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# Runs a command and checks its exit code: expect CODE COMMAND…; output goes to $work/output.
expect() {
    local wanted=$1 code=0
    shift
    "$@" >"$work/output" 2>&1 </dev/null || code=$?
    [[ $code == "$wanted" ]] || fail "exit $code, not $wanted: $* -- $(tail -n 3 "$work/output")"
}
said() { grep -qF -- "$1" "$work/output" || fail "'$1' is not in: $(tail -n 5 "$work/output")"; }
equal() { [[ $2 == "$3" ]] || fail "$1: '$2' is not '$3'"; }

url_of() {
    local upper=${1^^}
    (eval "$("$services" env "$1")" && eval "echo \$CDC_TEST_${upper//-/_}_URL")
}
query() { # name sql
    local url
    url=$(url_of "$1")
    case $1 in
        postgres*) psql -XqAt -v ON_ERROR_STOP=1 "$url" -c "$2" ;;
        *) curl -sS --fail-with-body -m 20 "${url%/*}/?database=default" --data-binary "$2" ;;
    esac
}
pid_of() { "$services" status "$1" | sed -n 's/.* pid=\([0-9]*\).*/\1/p'; }

check_life() { # name
    local name=$1 first url table='t(a Int64) ENGINE = MergeTree ORDER BY a'
    [[ $name != postgres* ]] || table='t(a bigint primary key)'
    [[ $name != clickhouse-server ]] || table='t(d Date, a Int64) ENGINE = MergeTree ORDER BY a'

    expect 1 "$services" status "$name"
    said "$name stopped"
    expect 1 "$services" env "$name"
    said 'is not running'
    expect 0 "$services" start "$name"
    first=$(pid_of "$name")
    expect 0 "$services" start "$name"
    equal "$name: a second start keeps the process" "$(pid_of "$name")" "$first"
    expect 0 query "$name" "CREATE TABLE $table"
    expect 0 query "$name" "INSERT INTO t (a) VALUES (1)"

    expect 0 "$services" pause "$name"
    url=$(url_of "$name")
    expect 28 curl -s -m 0.5 "http://${url##*@}"
    expect 0 "$services" status "$name"
    said paused
    expect 0 "$services" continue "$name"
    expect 0 query "$name" "INSERT INTO t (a) VALUES (2)"

    expect 0 "$services" kill "$name"
    expect 1 "$services" status "$name"
    [[ ! -d /proc/$first ]] || grep -q '^State:.Z' "/proc/$first/status" || fail "$name outlived kill"
    expect 0 "$services" start "$name"
    equal "$name: rows after kill" "$(query "$name" 'SELECT count(*), sum(a) FROM t' | tr '\t' '|')" '2|3'
    expect 0 "$services" restart "$name"
    equal "$name: rows after restart" "$(query "$name" 'SELECT sum(a) FROM t')" 3
    echo "$name: checked"
}

check_kafka() {
    local brokers first log=$work/records
    records() { # partition 0 of the topic, or nothing when no broker answers
        kcat -q -b "$brokers" -C -t t -p 0 -e -X socket.timeout.ms=5000 2>/dev/null | tr '\n' ' '
    }
    put() { echo "$1" | kcat -q -b "$brokers" -P -t t -p 0 -X acks=all -X message.timeout.ms=20000; }
    expect 1 "$services" env kafka
    said 'is not running'
    expect 0 "$services" start kafka
    brokers=$(eval "$("$services" env kafka)" && echo "$CDC_TEST_KAFKA_BROKERS")
    first=$(pid_of kafka)
    expect 0 "$services" start kafka
    equal "kafka: a second start keeps the process" "$(pid_of kafka)" "$first"
    expect 0 put one

    expect 0 "$services" pause kafka
    expect 1 kcat -b "$brokers" -L -m 2
    expect 0 "$services" status kafka
    said paused
    expect 0 "$services" continue kafka
    expect 0 put two

    expect 0 "$services" kill kafka
    expect 1 "$services" status kafka
    [[ ! -d /proc/$first ]] || grep -q '^State:.Z' "/proc/$first/status" || fail "kafka outlived kill"
    expect 0 "$services" start kafka
    equal "kafka: records after kill" "$(records)" 'one two '
    expect 0 "$services" restart kafka
    equal "kafka: records after restart" "$(records)" 'one two '
    ss -Hltn >"$log" 2>/dev/null && { ! grep -E "^LISTEN.* (0\.0\.0\.0|\*):${brokers##*:} " "$log" || fail "kafka listens beyond loopback"; }
    echo "kafka: checked"
}

check_postgres() {
    equal "wal_level" "$(query postgres 'SHOW wal_level')" logical
    equal "fsync" "$(query postgres 'SHOW fsync')" on
    equal "slots" "$(query postgres 'SHOW max_replication_slots')" 20
    equal "loopback only" "$(query postgres 'SHOW listen_addresses')" 127.0.0.1
    expect 0 env CDC_PG_CONF=$'wal_sender_timeout = 2s\nwork_mem = 1MB' "$services" restart postgres
    equal "extra settings" "$(query postgres 'SHOW wal_sender_timeout')" 2s
    expect 1 env CDC_PG_CONF='no_such_setting = 1' "$services" restart postgres
    said no_such_setting
    expect 0 "$services" start postgres
}

check_front() {
    local url base fail_file=$CDC_SERVICES_DIR/clickhouse/fail insert='?query=INSERT+INTO+t+FORMAT+JSONEachRow'
    url=$(url_of clickhouse)
    base=${url%/*}
    post() { curl -sS -m 20 -i "$base/$1" --data-binary "$2"; }
    expect 0 post '' 'SELEC 1'
    said 'X-ClickHouse-Exception-Code: 62'
    expect 0 post '' 'SELECT * FROM nowhere'
    said 'HTTP/1.1 404'
    said 'Code: 60. DB::Exception'
    expect 0 post '' 'SELECT 1; SELECT 2'
    said 'Multi-statements are not allowed'
    expect 0 post '?max_block_size=7' "SELECT getSetting('max_block_size') + 1000"
    said 1007
    expect 0 post '' "SELECT getSetting('max_block_size') > 1000 ? 'as before' : 'leaked'"
    said 'as before'

    query clickhouse 'CREATE OR REPLACE TABLE t (a Int64, s String) ENGINE = MergeTree ORDER BY a'
    expect 0 post "$insert" $'{"a":1,"s":"a\\n\\n; b"}\n\n{"a":2}\n'
    expect 0 post '' $'INSERT INTO t FORMAT JSONEachRow\n{"a":3}\n\n{"a":4}\n'
    expect 0 post '' $'INSERT INTO t (a, s) VALUES (5, \'x\'), (6, \'y\')'
    equal 'rows of three ways' "$(query clickhouse 'SELECT count(), sum(a) FROM t')" $'6\t21'

    printf '252 2\ndrop 1\nreset 1\ndelay 0.2 1\n' >"$fail_file"
    expect 0 post "$insert" '{"a":100}'
    said 'HTTP/1.1 500'
    said 'Code: 252. DB::Exception'
    expect 0 post "$insert" '{"a":100}'
    said 'X-ClickHouse-Exception-Code: 252'
    expect 52 post "$insert" '{"a":200}'
    expect 52 post "$insert" '{"a":100}'
    expect 0 post "$insert" '{"a":300}'
    said 'HTTP/1.1 200'
    equal 'rows after faults' "$(query clickhouse 'SELECT arraySort(groupArray(a)) FROM t WHERE a >= 100')" '[200,300]'

    "$services" stop clickhouse 2>/dev/null
    printf 'default:\nwriter:se:cret\n' >"$work/users"
    expect 0 env CDC_CLICKHOUSE_FRONT_ARGS="--user-file $work/users" "$services" start clickhouse
    expect 22 curl -sS -f "$base/" -u writer:wrong -d 'SELECT 1'
    expect 0 curl -sS -f "$base/" -u writer:se:cret -d 'SELECT 41 + 1'
    said 42
}

check_chdb() {
    local folder=$CDC_SERVICES_DIR/clickhouse/data
    expect 1 "$chdb" "$folder" 'SELECT 1'
    said "is open in another process (process $(pid_of clickhouse))"
    "$services" stop clickhouse 2>/dev/null
    expect 0 "$chdb" --format JSONEachRow "$folder" 'SELECT count() > 0 AS x FROM t'
    said '{"x":1}'
    expect 1 "$chdb" "$folder" 'SELECT nothing'
    said 'Code: 47. DB::Exception'
    expect 1 "$chdb" "$work/missing" 'SELECT 1'
    said 'no such folder'
}

expect 2 "$services" start nosuch
expect 2 "$services" start
expect 2 "$services" dance postgres
for name in "${names[@]}"; do
    if [[ $name == kafka ]]; then
        check_kafka
    else
        check_life "$name"
    fi
    case $name in
        postgres) check_postgres ;;
        clickhouse) check_front && check_chdb ;;
        clickhouse-server) equal "version" "$(query "$name" 'SELECT version()')" 18.16.1 ;;
    esac
    expect 0 "$services" stop --purge "$name"
    [[ ! -d $CDC_SERVICES_DIR/$name ]] || fail "$name left its folder"
done
expect 0 "$services" env

if ((failures)); then
    echo "services_test: $failures failures"
    exit 1
fi
echo "services_test: all passed"
