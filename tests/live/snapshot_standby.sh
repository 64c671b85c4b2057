#!/usr/bin/env bash
# From a standby of PostgreSQL 16, and beside it the same versions' other words: what it refuses.
source "$(dirname "$0")/lib.sh"
export CDC_PG_CONF=$'hot_standby_feedback = on\nfsync = off'
start postgres16
CDC_TEST_POSTGRES_URL=$CDC_TEST_POSTGRES16_URL
create_db
sql "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g"
standby postgres16
STANDBY=$STANDBY/$DB
sql "INSERT INTO t VALUES (5000, 'late')"
wait_until 20 bash -c "[ \$(psql -X -At -d $STANDBY -c 'SELECT count(*) FROM t') = 1001 ]"

say "rows at a position of the standby's own"
(while sql "SELECT pg_log_standby_snapshot()" >/dev/null 2>&1; do sleep 0.5; done) &
cdc-snapshot --source "$STANDBY" --jobs 2 --chunk-rows 100 >lines 2>snapshot.err || fail "snapshot"
expect "rows" "$(grep -c '"op":"r"' lines)" 1001
expect_words snapshot.err "the source is a standby"

say "a publication cannot be changed there"
expect_exit 4 cdc-snapshot --source "$STANDBY" --publication p --add --tables t 2>snapshot.err
expect_words snapshot.err "standby"
