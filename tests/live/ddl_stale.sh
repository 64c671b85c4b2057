#!/usr/bin/env bash
# DDL while the pipe runs and while it is down: columns added, dropped, renamed, retyped; tables
# dropped and made anew, renamed, swapped, added to and removed from a publication. What rows alone
# do not tell marks the table stale, until it is read again.
# Pain 10: a table is added to a running capture, and only its rows are read.
# Pain 11: a column change stops nothing. Pain 13: the shape changed while the pipe was down.
# Pain 28: labels of an enum are renamed.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }

pipe() {
    cdc-capture --source "$(pg_url)" --slot "ddl_$DB" --publication ddl --prefix ddl --checkpoint state.json --metrics capture.prom "$@" 2>>capture.err |
        tee -a lines |
        cdc-load --target "$TARGET" --checkpoint state.json --metrics load.prom --flush-interval 100ms 2>>load.err
}
through() { pipe --exit-at-end || fail "the pipe ended with ${PIPESTATUS[*]}"; }
stale() { # TABLE: why, as the target knows it
    ch "SELECT value FROM _cdc_state FINAL WHERE scope = 'table' AND item = 'stale' AND name = '$1' FORMAT TSVRaw"
}
expect_stale() { # TABLE WORDS
    case $(stale "$1") in
    *"$2"*) ;;
    *) fail "table $1 is stale because of '$(stale "$1")', not '$2'" ;;
    esac
}
reread() { # TABLE
    cdc-snapshot --source "$(pg_url)" --publication ddl --tables "public.$1" 2>snapshot.err |
        cdc-load --target "$TARGET" 2>>load.err || fail "snapshot of $1"
    expect "$1 was read again" "$(stale "$1")" ""
}

set_up() { # DATABASE
    DB=$1
    sql postgres "CREATE DATABASE $DB"
    ch "CREATE DATABASE IF NOT EXISTS $DB" >/dev/null
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/$DB
    rm -f state.json lines ./*.err ./*.prom
    sql "CREATE TYPE mood AS ENUM ('sad', 'happy');
         CREATE TABLE calm (id int PRIMARY KEY, v text);
         CREATE TABLE added (id int PRIMARY KEY, v text);
         CREATE TABLE later (id int PRIMARY KEY, v text);
         CREATE TABLE rewritten (id int PRIMARY KEY, n int);
         CREATE TABLE widened (id int PRIMARY KEY, v varchar(10), d numeric(8,2));
         CREATE TABLE random_default (id int PRIMARY KEY);
         CREATE TABLE renamed_column (id int PRIMARY KEY, a int, b int);
         CREATE TABLE dropped_column (id int PRIMARY KEY, a int, b int);
         CREATE TABLE readded (id int PRIMARY KEY, a int);
         CREATE TABLE labels (id int PRIMARY KEY, m mood);
         CREATE TABLE swapped (id int PRIMARY KEY, v text);
         CREATE TABLE swapped_new (id int PRIMARY KEY, v text);
         CREATE TABLE anew (id int PRIMARY KEY, v text);
         CREATE TABLE old_name (id int PRIMARY KEY, v text);
         INSERT INTO calm SELECT g, 'x' FROM generate_series(1, 3) g;
         INSERT INTO later SELECT g, 'x' FROM generate_series(1, 3) g"
    cdc-capture --source "$(pg_url)" --slot "ddl_$DB" --publication ddl --create --exit-after-create --exclude later 2>create.err
}
stop() { # the pipe in the background
    kill -TERM "$(pgrep -P "$PIPE" -x cdc-capture)"
    wait "$PIPE" || fail "the pipe ended with $?"
}
fill() { # old rows everywhere
    sql "INSERT INTO added SELECT g, 'x' FROM generate_series(1, 3) g;
         INSERT INTO rewritten SELECT g, g FROM generate_series(1, 3) g;
         INSERT INTO widened SELECT g, 'x', g FROM generate_series(1, 3) g;
         INSERT INTO random_default SELECT g FROM generate_series(1, 3) g;
         INSERT INTO renamed_column SELECT g, g, g FROM generate_series(1, 3) g;
         INSERT INTO dropped_column SELECT g, g, g FROM generate_series(1, 3) g;
         INSERT INTO readded SELECT g, g FROM generate_series(1, 3) g;
         INSERT INTO labels SELECT g, 'happy' FROM generate_series(1, 3) g;
         INSERT INTO swapped SELECT g, 'old' FROM generate_series(1, 3) g;
         INSERT INTO swapped_new SELECT g, 'new' FROM generate_series(2, 6) g;
         INSERT INTO anew SELECT g, 'x' FROM generate_series(1, 3) g;
         INSERT INTO old_name SELECT g, 'x' FROM generate_series(1, 3) g"
}
change() { # every kind of DDL, then a row in the new shape
    sql "ALTER TABLE added ADD c int DEFAULT 7, ADD t timestamptz NOT NULL DEFAULT now(), ADD n numeric(8,2);
         ALTER TABLE added ALTER n SET DEFAULT 1.5; ALTER TABLE added ADD s text NOT NULL DEFAULT 'it''s';
         INSERT INTO added VALUES (4, 'y')"
    sql "ALTER TABLE rewritten ALTER n TYPE bigint USING n * 2; INSERT INTO rewritten VALUES (4, 40)"
    sql "ALTER TABLE widened ALTER v TYPE text, ALTER d TYPE numeric(12,2); INSERT INTO widened VALUES (4, 'y', 1)"
    sql "ALTER TABLE random_default ADD r float8 DEFAULT random(); INSERT INTO random_default VALUES (4)"
    sql "ALTER TABLE renamed_column RENAME a TO aa; INSERT INTO renamed_column VALUES (4, 4, 4)"
    sql "ALTER TABLE dropped_column DROP b; INSERT INTO dropped_column VALUES (4, 4)"
    sql "ALTER TABLE readded DROP a; ALTER TABLE readded ADD a int; INSERT INTO readded VALUES (4, 4)"
    sql "ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'; ALTER TABLE labels ADD x int; INSERT INTO labels VALUES (4, 'glad')"
    sql "BEGIN; ALTER TABLE swapped RENAME TO swapped_old; ALTER TABLE swapped_new RENAME TO swapped; COMMIT;
         INSERT INTO swapped VALUES (7, 'swapped'); INSERT INTO swapped_old VALUES (4, 'old')"
    sql "DROP TABLE anew; CREATE TABLE anew (id int PRIMARY KEY, v text);
         $1 INSERT INTO anew VALUES (9, 'anew')"
    sql "ALTER TABLE old_name RENAME TO new_name; INSERT INTO new_name VALUES (4, 'y')"
}
expect_all() {
    expect "calm" "$(stale calm)" ""
    expect "constant defaults fill old rows" "$(stale added)" ""
    expect "widening touches no value" "$(stale widened)" ""
    expect "a dropped column" "$(stale dropped_column)" ""
    parity added widened
    expect "born in the capture" "$(stale anew)" ""
    parity anew
    expect_stale rewritten "type of column 'n' was changed from 'integer' to 'bigint'"
    expect_stale random_default "'r' was added with values of its own"
    expect_stale renamed_column "'aa' was called 'a'"
    expect_stale readded "'a' was dropped and made anew"
    expect_stale labels "label 'happy' of column 'm' was renamed"
    expect_stale swapped "it was called 'swapped_new'"
    expect_stale swapped_old "it was called"
    expect_stale new_name "it was called"
    # A look may have found that nothing has these names any more.
    expect "how many" "$(ch "SELECT count() FROM _cdc_state FINAL WHERE item = 'stale' AND value != '' AND name NOT IN ('swapped_new', 'old_name')")" 8
}

say "while the pipe is down"
set_up down
fill
sql "INSERT INTO calm VALUES (4, 'y')"
through
change "ALTER PUBLICATION ddl ADD TABLE anew;"
through
expect_all

say "lag, verify and the metrics show it"
cdc-lag --source "$(pg_url)" --checkpoint state.json --target "$TARGET" --json >lag.json 2>lag.err || true
expect "cdc-lag" "$(jq '[.hops[] | select(.kind == "target") | .stale_tables // .details.stale_tables] | add' lag.json)" "$(ch "SELECT count() FROM _cdc_state FINAL WHERE item = 'stale' AND value != ''")"
cdc-verify --source "$(pg_url)" --target "$TARGET" --tables public.rewritten --json >verify.json 2>verify.err || true
jq -e '[.. | .stale? // empty] | length > 0' verify.json >/dev/null || fail "cdc-verify says nothing: $(cat verify.json)"

say "read again, it is right again"
for table in rewritten random_default renamed_column readded labels swapped swapped_old new_name; do
    reread $table
done
parity rewritten random_default readded labels swapped swapped_old anew new_name

say "a table is added to the running capture, another removed"
pipe &
PIPE=$!
wait_until 20 grep -q streaming capture.err
sql "INSERT INTO calm VALUES (20, 'running')"
wait_until 20 grep -q '"id":20,' lines
sql "ALTER PUBLICATION ddl ADD TABLE later; INSERT INTO later VALUES (4, 'y')"
unproven() { ch "SELECT value FROM _cdc_state FINAL WHERE scope = 'table' AND item = 'unproven' AND name = '$1' FORMAT TSVRaw"; }
unproven_is() { [ -n "$(unproven "$1")" ]; }
wait_until 30 unproven_is later
expect "why" "$(unproven later)" "it is seen for the first time, and held rows before"
wait_until 10 grep -q "cdc-snapshot --tables 'public.later'" capture.err
reread later
expect "later was read again" "$(unproven later)" ""
sql "INSERT INTO later VALUES (5, 'after')"
later_is() { [ "$(ch "SELECT count() FROM later")" = "$1" ]; }
wait_until 30 later_is 5
sql "ALTER PUBLICATION ddl DROP TABLE calm; INSERT INTO calm VALUES (21, 'not published'); INSERT INTO later VALUES (6, 'z')"
wait_until 30 later_is 6
expect "removed" "$(ch "SELECT count() FROM calm WHERE id = 21")" 0
parity later

stop

say "while the pipe runs"
set_up running
pipe &
PIPE=$!
fill
loaded() { [ "$(ch "SELECT count() FROM $1")" = "$2" ]; }
wait_until 30 loaded old_name 3
change "ALTER PUBLICATION ddl ADD TABLE anew;"
wait_until 60 loaded new_name 1
sql "INSERT INTO calm VALUES (4, 'y')"
wait_until 30 loaded calm 1
facts_of() { jq -r 'select(.facts) | .source.table' lines | grep -qx "$1"; } # of the first look behind the change
for table in rewritten random_default renamed_column readded labels swapped swapped_old new_name; do
    wait_until 20 facts_of "$table" || fail "no facts of $table in the lines"
done
stop
expect_all
expect "metrics" "$(sed -n 's/^cdc_load_stale_tables //p' load.prom)" "$(ch "SELECT count() FROM _cdc_state FINAL WHERE item = 'stale' AND value != ''")"
marked=$(sed -n 's/^cdc_capture_stale_tables_total //p' capture.prom)
[ "$marked" -ge 8 ] || fail "cdc-capture counts $marked stale tables"
say "a look that could not see what the stream has already: commits that wait for a standby"
set_up waiting
pipe &
PIPE=$!
fill
wait_until 30 loaded old_name 3
sql postgres "ALTER SYSTEM SET synchronous_standby_names = 'nobody'" >/dev/null
sql postgres "SELECT pg_reload_conf()" >/dev/null
here() { sql "SET synchronous_commit = local; $1" >/dev/null; } # does not wait
wait_until 10 eval '[ "$(sql "SHOW synchronous_standby_names")" = nobody ]'
sql "DROP TABLE anew; CREATE TABLE anew (id int PRIMARY KEY, v text); ALTER PUBLICATION ddl ADD TABLE anew;
     INSERT INTO anew VALUES (9, 'anew')" >/dev/null 2>&1 &
waits=$!
sql "TRUNCATE widened; INSERT INTO widened VALUES (9, 'z', 9)" >/dev/null 2>&1 &
waits+=" $!"
wait_until 30 eval '[ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE wait_event = '"'SyncRep'"'")" = 2 ]'
committed=$(sql "SELECT pg_current_wal_flush_lsn()")
wait_until 30 eval '[ "$(sql "SELECT sent_lsn >= '"'$committed'"' FROM pg_stat_replication")" = t ]'
here "ALTER TABLE calm ADD x int"
since=$(sql "SELECT clock_timestamp()")
look_since() { [ "$(sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = '$DB' AND pid != pg_backend_pid() AND query LIKE '%pg_current_snapshot()%' AND query_start > '$since'")" != 0 ]; }
wait_until 30 look_since
sql postgres "ALTER SYSTEM RESET synchronous_standby_names" >/dev/null
sql postgres "SELECT pg_reload_conf()" >/dev/null
for commit in $waits; do wait "$commit" || fail "a commit that waited"; done
facts_show() { [ "$(jq -c "select(.facts and .source.table == \"$1\") | $2" lines | tail -1)" = "$3" ]; }
wait_until 30 facts_show calm '.facts.columns | length' 3
wait_until 30 facts_show anew .facts.oid "$(sql "SELECT 'anew'::regclass::oid")"
wait_until 30 facts_show widened '.facts.leaves[0].storage' "$(sql "SELECT relfilenode FROM pg_class WHERE relname = 'widened'")"
stop
# A look that could not see the new table tells nothing of the one before it.
row=$(jq -r 'select(.op == "c" and .source.table == "anew" and .after.id == 9) | .source.order' lines)
expect "facts behind the row" "$(jq -r "select(.facts and .source.table == \"anew\" and .source.order > \"$row\") | .facts.oid" lines | sort -u)" "$(sql "SELECT 'anew'::regclass::oid")"
expect "born in the capture" "$(stale anew)" ""
expect "truncated in the capture" "$(stale widened)$(unproven widened)" ""
parity anew widened
! grep "'public.widened' is" capture.err || fail "a mark in the messages"

say "a column dropped, or dropped and made anew, behind rows of the same transaction"
set_up within
sql "BEGIN; INSERT INTO dropped_column VALUES (1, 1, 1); ALTER TABLE dropped_column DROP b; COMMIT;
     BEGIN; INSERT INTO readded VALUES (1, 1); ALTER TABLE readded DROP a; ALTER TABLE readded ADD a int; COMMIT"
cdc-capture --source "$(pg_url)" --slot ddl_within --publication ddl --exit-at-end >lines 2>capture.err
expect "its columns" "$(jq -c 'select(.table.name == "public.dropped_column") | [.table.columns[].number]' lines)" "[1,2,3]"
expect "marks" "$(jq -r 'select(.mark.kind == "stale") | .source.table' lines)" readded
say "all good"
