#!/usr/bin/env bash
# What --check says not to be ready is what --create and a run refuse, or what the application would
# meet: rights, row security, DEFERRABLE keys, REPLICA IDENTITY NOTHING, UNLOGGED tables, a publication
# younger than its slot, a checkpoint of another server. Each with what to run; run, it is ready.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
sql "CREATE ROLE owner LOGIN REPLICATION"
OWNER=${CDC_TEST_POSTGRES_URL/postgres@/owner@}
OWNER=${OWNER%/*}/$DB
check() { cdc-capture --source "$OWNER" --slot "$SLOT" --check "$@" 2>check.err; }
not_ready() { # WORDS REMEDY [OPTION…]
    local words=$1 remedy=$2
    shift 2
    expect_exit 4 check "$@"
    expect_words check.err "$words"
    expect_words check.err "$remedy"
    expect_words check.err "not ready"
}
remedy() { sql "$(grep -o "hint: $1[^;]*;" check.err | sed 's/hint: //' | head -n 1)"; }

sql "CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE foreign_one (id int PRIMARY KEY); ALTER TABLE good OWNER TO owner;
     CREATE TABLE deferred (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, n int NOT NULL UNIQUE); ALTER TABLE deferred OWNER TO owner;
     CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; ALTER TABLE nothing OWNER TO owner;
     CREATE TABLE lost_index (id int NOT NULL UNIQUE); ALTER TABLE lost_index REPLICA IDENTITY USING INDEX lost_index_id_key;
     ALTER TABLE lost_index DROP CONSTRAINT lost_index_id_key; ALTER TABLE lost_index OWNER TO owner;
     CREATE TABLE computed (id int, n int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id, n)); ALTER TABLE computed OWNER TO owner;
     CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY); ALTER TABLE unlogged OWNER TO owner;
     CREATE TABLE guarded (id int PRIMARY KEY); ALTER TABLE guarded OWNER TO owner; ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
     CREATE SCHEMA shut; CREATE TABLE shut.t (id int PRIMARY KEY); ALTER TABLE shut.t OWNER TO owner;
     CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
     CREATE UNLOGGED TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (19); ALTER TABLE parted OWNER TO owner"

say "the right to make a publication"
not_ready "may not make one in database" "GRANT CREATE ON DATABASE $DB TO owner;" --tables good
expect_exit 4 cdc-capture --source "$OWNER" --slot "$SLOT" --create --exit-after-create --tables good 2>create.err
expect_words create.err "nothing was made"
remedy "GRANT CREATE"
check --tables good || fail "not ready with it"
not_ready "only a superuser may" "FOR ALL TABLES WITH (publish_via_partition_root = true)"
not_ready "does not own public.foreign_one" "only its owner" --tables 'foreign_one'
not_ready "may not use schema shut" "GRANT USAGE ON SCHEMA shut TO owner;" --tables 'shut.t'
remedy "GRANT USAGE"
check --tables shut.t || fail "not ready with it"

say "keys that are no identity, and tables that no stream has"
not_ready "public.deferred has a DEFERRABLE primary key" "ALTER TABLE public.deferred REPLICA IDENTITY FULL;" --tables deferred
not_ready "public.nothing has REPLICA IDENTITY NOTHING" "ALTER TABLE public.nothing REPLICA IDENTITY FULL;" --tables nothing
not_ready "public.lost_index has lost the index" "ALTER TABLE public.lost_index REPLICA IDENTITY FULL;" --tables lost_index
not_ready "public.computed has a generated column in its key" "ALTER TABLE public.computed REPLICA IDENTITY FULL;" --tables computed
check --tables deferred --allow-no-identity || fail "not ready where it is allowed"
expect_words check.err "public.deferred has a DEFERRABLE primary key"
check --tables good --tables unlogged --tables parted || fail "not ready beside unlogged tables"
expect_words check.err "public.unlogged is UNLOGGED"
expect_words check.err "public.parted_2 is UNLOGGED"
expect_words check.err "2 to capture"

say "row security"
not_ready "row security hides rows of public.guarded from role owner" "ALTER ROLE owner BYPASSRLS;" --tables guarded
expect_exit 4 cdc-snapshot --source "$OWNER" --tables guarded 2>snapshot.err >lines
expect_words snapshot.err "BYPASSRLS"
sql "CREATE PUBLICATION guarded_too FOR TABLE guarded, good"
cdc-capture --source "$OWNER" --slot guarded --create --exit-after-create --tables good 2>create.err || fail "create"
expect_exit 4 cdc-capture --source "$OWNER" --slot guarded --publication guarded_too --peek --exit-at-end 2>capture.err >lines
expect_words capture.err "row security hides rows of public.guarded from role owner"
expect_words capture.err "BYPASSRLS"
cdc-capture --source "$OWNER" --slot guarded --publication guarded_too --tables good --peek --exit-at-end 2>capture.err >lines || fail "guarded is not captured"
remedy "ALTER ROLE"
cdc-capture --source "$OWNER" --slot guarded --publication guarded_too --peek --exit-at-end 2>capture.err >lines || fail "with the right: $?"
check --tables guarded || fail "not ready with it"

say "what --create makes is ready; the application's changes pass"
sql "ALTER TABLE deferred REPLICA IDENTITY USING INDEX deferred_n_key; ALTER TABLE nothing REPLICA IDENTITY FULL"
all=(--tables good --tables deferred --tables nothing --tables guarded --tables unlogged)
check "${all[@]}" || fail "not ready: $(cat check.err)"
cdc-capture --source "$OWNER" --slot "$SLOT" --create --exit-after-create "${all[@]}" 2>create.err || fail "create"
check "${all[@]}" || fail "not ready behind --create: $(cat check.err)"
sql "INSERT INTO deferred VALUES (1, 1); UPDATE deferred SET id = 2; DELETE FROM deferred; INSERT INTO nothing VALUES (1); UPDATE nothing SET id = 2"
cdc-capture --source "$OWNER" --slot "$SLOT" --checkpoint state.json --exit-at-end "${all[@]}" 2>capture.err | sink state.json
check "${all[@]}" --checkpoint state.json || fail "not ready behind a run: $(cat check.err)"
expect_words check.err "the stream goes on at"

say "a checkpoint of another server or database: not 'lost', whatever became of the slot"
cp state.json kept.json
for member in server database; do
    jq -c ".checkpoint.$member = \"other\"" kept.json >state.json
    not_ready "belongs to $member 'other'" "not ready" "${all[@]}" --checkpoint state.json
    expect_exit 4 cdc-capture --source "$OWNER" --slot "$SLOT" --checkpoint state.json --exit-at-end 2>run.err >lines
done
sql "SELECT pg_drop_replication_slot('$SLOT')" >/dev/null
for member in server database; do
    jq -c ".checkpoint.$member = \"other\"" kept.json >state.json
    expect_exit 4 cdc-capture --source "$OWNER" --slot "$SLOT" --checkpoint state.json --exit-at-end 2>run.err >lines
    expect_words run.err "belongs to $member 'other'"
    jq -c '.checkpoint.snapshot = {"seq":1,"tables":{}}' state.json >unfinished.json
    expect_exit 4 cdc-snapshot --source "$OWNER" --slot "$SLOT" --checkpoint unfinished.json 2>run.err >lines
    expect_words run.err "belongs to $member 'other'"
done
cp kept.json state.json
expect_exit 3 cdc-capture --source "$OWNER" --slot "$SLOT" --checkpoint state.json --exit-at-end 2>run.err >lines
expect_exit 3 check "${all[@]}" --checkpoint state.json
sql "DROP PUBLICATION $SLOT"

say "a publication that is younger than its slot"
sql "SELECT pg_create_logical_replication_slot('$SLOT', 'pgoutput')" >/dev/null
sql "INSERT INTO good VALUES (1); CREATE PUBLICATION $SLOT FOR TABLE good WITH (publish_via_partition_root = true)"
sql "INSERT INTO good VALUES (2)"
not_ready "is younger than slot" "--drop, then --create"
expect_exit 4 cdc-capture --source "$OWNER" --slot "$SLOT" --peek --exit-at-end 2>run.err >lines
expect_words run.err "younger than the slot"
expect "rows of a stream that leaves some out" "$(changes lines)" ""
sql "SELECT pg_drop_replication_slot('$SLOT')" >/dev/null
say "an older slot that lags beside it does not make it look young"
sql "SELECT pg_create_logical_replication_slot('lagging', 'pgoutput')" >/dev/null
sql "DROP PUBLICATION $SLOT; CREATE PUBLICATION $SLOT FOR TABLE good; INSERT INTO good VALUES (3)"
sql "SELECT pg_create_logical_replication_slot('$SLOT', 'pgoutput')" >/dev/null
sql "INSERT INTO good VALUES (4)"
check || fail "not ready: $(cat check.err)"

say "column lists and row filters that do not go with the identity: the application's UPDATE and DELETE fail"
sql "SELECT pg_drop_replication_slot('$SLOT')" >/dev/null
sql "CREATE TABLE two (a int, b int NOT NULL, v text, PRIMARY KEY (a, b)); CREATE TABLE by_index (a int NOT NULL, b int NOT NULL, v text);
     CREATE UNIQUE INDEX by_index_ab ON by_index (a, b) INCLUDE (v); ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_ab;
     CREATE TABLE every (id int PRIMARY KEY, v text); ALTER TABLE every REPLICA IDENTITY FULL; CREATE TABLE kept (id int PRIMARY KEY, v text);
     CREATE TABLE filtered (id int PRIMARY KEY, n int NOT NULL, v text);
     CREATE TABLE listed (id int, \"the year\" int, n int, PRIMARY KEY (id, \"the year\")) PARTITION BY RANGE (\"the year\");
     CREATE TABLE listed_1 PARTITION OF listed FOR VALUES FROM (0) TO (9);
     GRANT SELECT ON two, by_index, every, kept, filtered, listed, listed_1 TO owner;
     DROP PUBLICATION $SLOT; CREATE PUBLICATION $SLOT FOR TABLE two (a, v), by_index (v, b), every (id), kept (v), filtered WHERE (n > 0 OR id < 9),
         listed (id, n) WHERE (n <> 3) WITH (publish_via_partition_root = true)"
sql "SELECT pg_create_logical_replication_slot('$SLOT', 'pgoutput')" >/dev/null
not_ready "column list of public.two leaves out b of its replica identity: while it is published so, UPDATE and DELETE on it fail" "ADD TABLE public.two (a, v, b); COMMIT;"
expect_words check.err "column list of public.by_index leaves out a of"
expect_words check.err "column list of public.kept leaves out id of"
expect_words check.err "public.every has REPLICA IDENTITY FULL, and a column list"
expect_words check.err "row filter of public.filtered asks for n, not in its replica identity"
expect_words check.err 'column list of public.listed_1 leaves out "the year" of'
expect_words check.err 'ADD TABLE public.listed (id, n, "the year") WHERE (…); COMMIT;'
expect_words check.err "row filter of public.listed_1 asks for n, not in"
sql "INSERT INTO listed VALUES (1, 1, 1)"
for table in two by_index every filtered; do
    sql "INSERT INTO $table VALUES (1, 1)"
    sql "UPDATE $table SET v = 'x'" 2>/dev/null && fail "an update of $table passed"
done
say "a run warns; a part of a key is none"
peek() { cdc-capture --source "$OWNER" --slot "$SLOT" --peek --exit-at-end "$@" 2>run.err >lines; }
for table in two by_index listed; do
    expect_exit 4 peek --tables $table
    expect_words run.err "warning: tables: the publication's column list of public.$table"
    expect_words run.err "rows would be taken for one"
done
peek --tables every --tables filtered --tables kept || fail "not without: $(cat run.err)"
expect_words run.err "row filter of public.filtered asks for n"
check --tables every --tables filtered --tables kept --allow-no-identity || fail "not ready where it is allowed: $(cat check.err)"
say "with what --check says to run it is ready"
sql "ALTER TABLE every REPLICA IDENTITY DEFAULT; ALTER TABLE filtered REPLICA IDENTITY FULL"
check --tables every --tables filtered || fail "not ready: $(cat check.err)"
not_ready "public.two leaves out b" "BEGIN;" --tables two
sql "$(sed -n 's/.*hint: \(BEGIN;.*COMMIT;\).*/\1/p' check.err)"
check --tables two || fail "not ready: $(cat check.err)"
sql "UPDATE two SET v = 'x'; UPDATE every SET id = 2; UPDATE filtered SET v = 'x'"

say "PostgreSQL 18: an identity with a generated column that the publication leaves out"
CDC_PG_CONF='max_prepared_transactions = 5' start postgres18
CDC_TEST_POSTGRES_URL=$CDC_TEST_POSTGRES18_URL
create_db
OWNER=$(pg_url)
sql "CREATE TABLE full_key (id int PRIMARY KEY, n int GENERATED ALWAYS AS (id * 2)); ALTER TABLE full_key REPLICA IDENTITY FULL;
     CREATE TABLE full_stored (id int, n int GENERATED ALWAYS AS (id * 2) STORED); ALTER TABLE full_stored REPLICA IDENTITY FULL;
     CREATE TABLE by_key (id int, n int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id, n));
     CREATE TABLE full_virtual (id int, n int GENERATED ALWAYS AS (id * 2)); ALTER TABLE full_virtual REPLICA IDENTITY FULL;
     CREATE TABLE beside (id int PRIMARY KEY, n int GENERATED ALWAYS AS (id * 2))"
not_ready "public.full_stored has the generated column n" "publish_generated_columns = stored"
expect "tables named" "$(grep -c 'UPDATE and DELETE on it fail' check.err)" 4
not_ready "public.full_key has the generated column n" "ALTER TABLE public.full_key REPLICA IDENTITY DEFAULT;" --tables full_key
remedy "ALTER TABLE"
check --tables full_key --tables beside || fail "not ready: $(cat check.err)"
check --tables full_stored --allow-no-identity || fail "not ready where it is allowed: $(cat check.err)"
sql "CREATE PUBLICATION $SLOT FOR TABLE full_key"
expect_exit 4 cdc-snapshot --source "$OWNER" --publication "$SLOT" --add --tables full_stored 2>run.err >lines
expect_words run.err "ALTER PUBLICATION \"$SLOT\" SET (publish_generated_columns = stored);"
sql "ALTER PUBLICATION $SLOT SET (publish_generated_columns = stored, publish_via_partition_root = true)"
cdc-snapshot --source "$OWNER" --publication "$SLOT" --add --tables full_stored --tables by_key 2>run.err >lines || fail "not added: $(cat run.err)"
check || fail "not ready: $(cat check.err)"
sql "INSERT INTO full_stored VALUES (1); UPDATE full_stored SET id = 2"
sql "ALTER PUBLICATION $SLOT ADD TABLE full_virtual"
not_ready "public.full_virtual has the generated column n" "USING INDEX"

say "a slot that sends prepared transactions before they are committed"
sql "ALTER PUBLICATION $SLOT DROP TABLE full_virtual"
sql "SELECT pg_create_logical_replication_slot('$SLOT', 'pgoutput', false, true)" >/dev/null
check || fail "not ready: $(cat check.err)"
expect_words check.err "'$SLOT' has two_phase"
sql "INSERT INTO full_key VALUES (1)"
psql -X -q -d "$OWNER" -c "BEGIN; INSERT INTO full_key VALUES (2); PREPARE TRANSACTION 'p'" -c "INSERT INTO full_key VALUES (3)"
expect_exit 4 cdc-capture --source "$OWNER" --slot "$SLOT" --peek --exit-at-end 2>run.err >lines
expect_words run.err "(two_phase), which is not read"
expect_words run.err "TWO_PHASE false"
psql -X -q -d "$OWNER?replication=database" -c "ALTER_REPLICATION_SLOT $SLOT (TWO_PHASE false)" >/dev/null
sql "COMMIT PREPARED 'p'"
cdc-capture --source "$OWNER" --slot "$SLOT" --peek --exit-at-end 2>run.err >lines || fail "not without: $(cat run.err)"
expect "rows" "$(grep '"op":' lines | jq .key.id | tr '\n' ' ')" "1 3 2 "
