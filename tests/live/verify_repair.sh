#!/usr/bin/env bash
# A repair makes the target as the source is, so it is refused where the source is not the primary whose
# log fills the target: a standby, a demoted primary, an older copy, another server. Nothing is deleted.
source "$(dirname "$0")/lib.sh"
start postgres16 clickhouse
CDC_TEST_POSTGRES_URL=$CDC_TEST_POSTGRES16_URL
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
OLD=$(pg_url)
sql "CREATE TABLE t (id int PRIMARY KEY, note text)"
cdc-capture --source "$OLD" --slot first --prefix p --create --exit-after-create --checkpoint first.json 2>capture.err
sql "INSERT INTO t SELECT g, 'of both' FROM generate_series(1, 100) g"
standby postgres16
NEW=$STANDBY/$DB
cdc-capture --source "$OLD" --slot first --prefix p --exit-at-end --checkpoint first.json 2>capture.err | kept first |
    cdc-load --target "$TARGET" --checkpoint first.json 2>load.err
replayed() { [ "$(psql -XAtqd "$NEW" -c 'SELECT count(*) FROM t')" = 100 ]; }
wait_until 30 replayed
rows() { ch "SELECT count(), sum(cityHash64(id, note)) FROM t" | tr '\t' ' '; }
refused() { # SOURCE WORDS: neither a line nor a deletion
    local before
    before=$(rows)
    expect_exit 2 cdc-verify --source "$1" --target "$TARGET" --no-wait --repair >repair.lines 2>verify.err
    expect "lines from $1" "$(grep -c '"op"' repair.lines || true)" 0
    expect "rows of the target" "$(rows)" "$before"
    expect_words verify.err "$2"
}

say "a standby that is behind: its rows are compared when it has replayed them"
psql -XAtqd "$NEW" -c "SELECT pg_wal_replay_pause()" >/dev/null
sql "INSERT INTO t SELECT g, 'not yet on the standby' FROM generate_series(101, 110) g; UPDATE t SET note = 'newer' WHERE id = 7"
cdc-capture --source "$OLD" --slot first --prefix p --exit-at-end --checkpoint first.json 2>capture.err | kept first |
    cdc-load --target "$TARGET" --checkpoint first.json 2>load.err
expect "rows" "$(rows | cut -d' ' -f1)" 110
expect_exit 2 cdc-verify --source "$NEW" --target "$TARGET" --settle 1s >report.txt 2>verify.err
expect_words report.txt "the standby has not replayed"
refused "$NEW" "standby"
psql -XAtqd "$NEW" -c "SELECT pg_wal_replay_resume()" >/dev/null
cdc-verify --source "$NEW" --target "$TARGET" --settle 60s >report.txt 2>verify.err || { cat report.txt; fail "the standby has it all"; }

say "rows of a new primary arrive before the target says whose they are"
ch "INSERT INTO t_raw SELECT * REPLACE ('of a new primary' AS note, bitShiftLeft(toUInt128(2), 112) + 7 AS _version) FROM t_raw FINAL WHERE id = 7"
{
    sleep 2
    ch "INSERT INTO _cdc_state SELECT * REPLACE (bitShiftLeft(toUInt128(2), 112) + 9 AS version, replaceRegexpOne(value, '\"order\":\"0001', '\"order\":\"0002') AS value) FROM _cdc_state FINAL WHERE scope = 'source'"
} &
refused "$OLD" "timeline 1"
wait $!
ch "ALTER TABLE t_raw DELETE WHERE note = 'of a new primary' SETTINGS mutations_sync = 2"
ch "ALTER TABLE _cdc_state DELETE WHERE scope = 'source' AND version >= bitShiftLeft(toUInt128(2), 112) SETTINGS mutations_sync = 2"

say "the standby is promoted, and the pipe reads it; the old primary still runs"
psql -XAtqd "$NEW" -c "SELECT pg_promote()" >/dev/null
cdc-capture --source "$NEW" --slot second --publication first --prefix p --create --exit-after-create --checkpoint second.json 2>capture.err
psql -XAtqd "$NEW" -c "INSERT INTO t SELECT g, 'of the new one' FROM generate_series(201, 220) g; DELETE FROM t WHERE id = 5" >/dev/null
cdc-capture --source "$NEW" --slot second --publication first --prefix p --exit-at-end --checkpoint second.json 2>capture.err | kept second |
    cdc-load --target "$TARGET" --checkpoint second.json 2>load.err
expect "rows" "$(rows | cut -d' ' -f1)" 129
cdc-verify --source "$NEW" --target "$TARGET" --slot second --no-wait >report.txt 2>verify.err || { cat report.txt; fail "the new primary is right"; }
refused "$OLD" "timeline 1"
expect_words verify.err "--source has to name the present primary"
expect_exit 2 cdc-verify --source "$OLD" --target "$TARGET" --slot second --no-wait >report.txt 2>verify.err
expect_words verify.err "was demoted"

say "the new primary repairs"
ch "INSERT INTO t_raw SELECT * REPLACE ('damaged' AS note, _version + 1 AS _version) FROM t_raw FINAL WHERE id = 7"
{ cdc-verify --source "$NEW" --target "$TARGET" --slot second --no-wait --repair 2>verify.err || [ $? = 1 ]; } | cdc-load --target "$TARGET" 2>>load.err
cdc-verify --source "$NEW" --target "$TARGET" --slot second --no-wait >report.txt 2>verify.err || { cat report.txt; fail "not healed"; }

say "what the stream brings while rows from beyond the log are removed: merges drop it for their sake"
ch "INSERT INTO t_raw SELECT * REPLACE ('from beyond' AS note, toUInt128('340282366920938463463374607431768211455') AS _version) FROM t_raw FINAL WHERE id = 7"
cdc-verify --source "$NEW" --target "$TARGET" --slot second --no-wait --repair >repair.lines 2>verify.err &
VERIFY=$!
snapshot_taken() { [ "$(psql -XAtqd "$NEW" -c 'SELECT count(confirmed_flush_lsn) FROM pg_replication_slots WHERE temporary')" = 1 ]; }
wait_until 20 snapshot_taken
kill -STOP $VERIFY
psql -XAtqd "$NEW" -c "UPDATE t SET note = 'meanwhile' WHERE id = 7" >/dev/null
cdc-capture --source "$NEW" --slot second --publication first --prefix p --exit-at-end --checkpoint second.json 2>capture.err | kept second |
    cdc-load --target "$TARGET" --checkpoint second.json 2>load.err
ch "OPTIMIZE TABLE t_raw FINAL"
expect "rows of it" "$(ch "SELECT note FROM t_raw WHERE id = 7")" "from beyond"
kill -CONT $VERIFY
code=0
wait $VERIFY || code=$?
expect "exit status of --repair" "$code" 1
cdc-load --target "$TARGET" <repair.lines 2>>load.err
expect "the row" "$(ch "SELECT note FROM t WHERE id = 7")" "meanwhile"

say "another server with a database of that name"
CDC_SERVICES_DIR=$WORK/other "$ROOT/scripts/services" start postgres >services.log 2>&1
OTHER=$(CDC_SERVICES_DIR=$WORK/other "$ROOT/scripts/services" env postgres | sed -n "s/.*POSTGRES_URL='\(.*\)'/\1/p")
psql -XAtqd "$OTHER" -c "CREATE DATABASE $DB"
psql -XAtqd "${OTHER%/*}/$DB" -c "CREATE TABLE t (id int PRIMARY KEY, note text)"
refused "${OTHER%/*}/$DB" "not filled from this server"
psql -XAtqd "${OTHER%/*}/$DB" -c "DROP TABLE t"
expect_exit 2 cdc-verify --source "${OTHER%/*}/$DB" --target "$TARGET" --no-wait >report.txt 2>verify.err
expect_words verify.err "is --source the right one"
CDC_SERVICES_DIR=$WORK/other "$ROOT/scripts/services" stop --purge >/dev/null 2>&1
say done
