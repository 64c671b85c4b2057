#!/usr/bin/env bash
# What cdc-snapshot, cdc-capture, cdc-load and cdc-verify tell Prometheus is what went through them, in all and of each
# table, from PostgreSQL and MariaDB. kafka_metrics.sh has cdc-publish and cdc-consume.
. "$(dirname "$0")/lib.sh"
start postgres mariadb clickhouse
create_db
value() { # FILE NAME
    awk -v name="$2" 'index($0, name " ") == 1 { print $NF }' "$1"
}
above() { # WHAT VALUE LEAST
    awk -v value="$2" -v least="$3" 'BEGIN { exit !(value != "" && value + 0 >= least) }' || fail "$1: $2, less than $3"
}
tell() { # FILE
    promtool check metrics <"$1" >promtool.txt 2>&1 && [ ! -s promtool.txt ] || { cat promtool.txt; fail "promtool refuses $1"; }
}

check() { # SCHEMA URL RUN [OPTION…]: RUN runs statements
    local schema=$1 url=$2 run=$3
    shift 3
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/$schema
    figures() { echo --metrics "$1.prom" --metrics-per-table; }
    # shellcheck disable=SC2046
    pipe() {
        { cdc-snapshot --source "$url" "$@" --tables "$schema.*" --checkpoint "$schema.json" $(figures snapshot) &&
            cdc-capture --source "$url" "${slot[@]}" --tables "$schema.*" --checkpoint "$schema.json" --exit-at-end $(figures capture); } 2>capture.err |
            cdc-load --target "$TARGET" --create-database --checkpoint "$schema.json" $(figures load) 2>load.err || fail "${PIPESTATUS[*]}"
    }
    local slot=()
    [ $# = 0 ] || slot=(--slot metrics)

    say "$schema: cdc-snapshot"
    $run "CREATE TABLE $schema.a (id int PRIMARY KEY, v varchar(100)); CREATE TABLE $schema.b (id int PRIMARY KEY);
          INSERT INTO $schema.a VALUES (1, 'x'), (2, 'y'), (3, 'z'); INSERT INTO $schema.b VALUES (1), (2)"
    pipe "${slot[@]}" "$@"
    tell snapshot.prom
    expect "tables" "$(value snapshot.prom cdc_snapshot_tables) $(value snapshot.prom cdc_snapshot_tables_finished)" "2 2"
    expect "rows" "$(value snapshot.prom cdc_snapshot_rows_total)" 5
    expect "rows of a" "$(value snapshot.prom "cdc_snapshot_table_rows_total{table=\"$schema.a\"}")" 3
    expect "rows of all ranges" "$(value snapshot.prom cdc_snapshot_range_rows_sum)" 5
    above "bytes" "$(value snapshot.prom cdc_snapshot_bytes_total)" 500

    say "$schema: cdc-capture and cdc-load"
    $run "INSERT INTO $schema.a VALUES (4, 'x'), (5, 'y'), (6, 'z')"
    $run "UPDATE $schema.a SET v = 'new' WHERE id < 3"
    $run "DELETE FROM $schema.b WHERE id = 1"
    pipe "${slot[@]}"
    for tool in capture load; do tell $tool.prom; done
    expect "changes" "$(value capture.prom cdc_capture_changes_total)" 6
    expect "changes of a" "$(value capture.prom "cdc_capture_table_changes_total{table=\"$schema.a\"}")" 5
    expect "changes of b" "$(value capture.prom "cdc_capture_table_changes_total{table=\"$schema.b\"}")" 1
    expect "changes of all transactions" "$(value capture.prom cdc_capture_transaction_changes_sum)" 6
    above "transactions" "$(value capture.prom cdc_capture_transactions_total)" 3
    expect "transactions of one change" "$(value capture.prom 'cdc_capture_transaction_changes_bucket{le="10"}')" "$(value capture.prom cdc_capture_transactions_total)"
    above "bytes read" "$(value capture.prom cdc_capture_read_bytes_total)" 100
    above "bytes written" "$(value capture.prom cdc_capture_bytes_total)" 1000
    above "position" "$(value capture.prom cdc_capture_position_bytes)" 1
    expect "behind" "$(value capture.prom cdc_capture_behind_seconds)" 0
    above "checkpoints that came back" "$(value capture.prom cdc_capture_acknowledged_seconds_count)" 1
    expect "tries again" "$(value capture.prom cdc_capture_retries_total)" 0
    expect "bytes that the load read" "$(value load.prom cdc_load_bytes_total)" "$(value capture.prom cdc_capture_bytes_total)"
    expect "changes" "$(value load.prom cdc_load_changes_total)" 6
    expect "rows" "$(value load.prom cdc_load_rows_total)" 6
    expect "rows of b" "$(value load.prom "cdc_load_table_rows_total{table=\"$schema.b\"}")" 1
    expect "rows of all batches" "$(value load.prom cdc_load_batch_rows_sum)" 6
    expect "batches" "$(value load.prom cdc_load_batch_seconds_count)" "$(value load.prom cdc_load_batches_total)"
    above "bytes stored" "$(value load.prom cdc_load_written_bytes_total)" 50
    expect "position" "$(value load.prom cdc_load_position_bytes)" "$(value capture.prom cdc_capture_position_bytes)"
    expect "errors" "$(value load.prom 'cdc_load_log_messages_total{level="error"}')" 0

    say "$schema: cdc-verify"
    verify() { cdc-verify --source "$url" --target "$TARGET" --no-wait "$@" >verify.txt 2>verify.err; }
    # shellcheck disable=SC2046
    verify $(figures verify) || { cat verify.txt verify.err; fail "verify"; }
    tell verify.prom
    expect "tables" "$(value verify.prom cdc_verify_tables_finished_total) $(value verify.prom cdc_verify_tables)" "2 2"
    expect "rows" "$(value verify.prom cdc_verify_rows_total)" 7
    expect "verdict" "$(value verify.prom cdc_verify_verdict)" 0
    $run "DELETE FROM $schema.b WHERE id = 2"
    # shellcheck disable=SC2046
    expect_exit 1 verify $(figures verify)
    expect "what is not the source's" "$(value verify.prom cdc_verify_extra_rows_total)" 1
    expect "verdicts" "$(value verify.prom "cdc_verify_table_verdict{table=\"$schema.a\"}") $(value verify.prom "cdc_verify_table_verdict{table=\"$schema.b\"}")" "0 1"
}

sql "CREATE SCHEMA m"
check m "$(pg_url)" sql --create
port=${CDC_TEST_MARIADB_URL##*:}
my() { mariadb --no-defaults -h 127.0.0.1 -P "${port%%/*}" -u root -e "$1"; }
my "CREATE DATABASE shop"
check shop "${CDC_TEST_MARIADB_URL%/}/shop" my

say "refused: tables without a place for them"
expect_exit 2 cdc-load --target "$TARGET" --metrics-per-table </dev/null 2>err
expect_words err "--metrics-per-table needs --metrics"

say "two tools do not answer at one port"
port=$(free_port)
mkfifo first
cdc-load --target "$TARGET" --metrics "127.0.0.1:$port" <first 2>first.err &
exec 7>first
wait_until 10 curl -sf "http://127.0.0.1:$port/metrics"
expect_exit 1 cdc-load --target "$TARGET" --metrics "127.0.0.1:$port" </dev/null 2>err
expect_words err "cannot listen on '127.0.0.1:$port' for metrics"
expect_words err "Another process listens there"
exec 7>&-
wait $!
echo PASSED
