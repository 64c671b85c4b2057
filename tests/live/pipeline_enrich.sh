#!/usr/bin/env bash
# scripts/pipelines/mysql-enrich as a user has it: deployed, looked at, the joined record the same as MySQL's own join whichever
# table changes, differences found and repaired, a purged binary log, terminated. As JSON.
. "$(dirname "$0")/lib.sh"
. "$HERE/pipeline_enrich.bash"

say "deploy"
"$pipeline" deploy 2>deploy.err || fail "deploy"
find_servers
parity
for table in person address geo; do grep -Eq "streaming_etl_db.$table +[0-9]+ rows +same" verify.txt || fail "$table is not compared"; done
for topic in streaming_etl_db.person streaming_etl_db.address streaming_etl_db.geo views.person_enriched; do
    expect "partitions of $topic" "$(admin partitions "dbserver.$topic")" 3
done
# Each has an address from here on, and keeps one.
my "UPDATE person SET address_id = id WHERE id <= 20"
parity
seen=$(homeless | wc -l)

say "each table changes, in transactions too: the record follows, and nobody sees half of one"
for n in $(seq 30); do change "$n"; done
parity
expect "rows without an address" "$(homeless | wc -l)" "$seen"
my "UPDATE geo SET city = NULL WHERE id = 2"; parity
my "TRUNCATE TABLE geo"; parity
expect "places" "$(ch "SELECT count() FROM person_enriched WHERE city IS NOT NULL")" 0
my "INSERT INTO geo (id, city) SELECT DISTINCT geo_id, 'back' FROM address WHERE geo_id IS NOT NULL"; parity

say "topics, groups, messages and shapes, from the command line"
"$pipeline" topics >topics.txt 2>topics.err || fail "topics"
grep -Eq "^topic +dbserver.views.person_enriched .* partitions=3" topics.txt || { cat topics.txt; fail "topics"; }
"$pipeline" topics '*.geo' 2>topics.err | grep -c '^topic ' | { read -r n; expect "topics of a pattern" "$n" 1; }
"$pipeline" groups >groups.txt 2>groups.err || fail "groups"
grep -Eq "^partition +mysql-enrich/dbserver.views.person_enriched:0 " groups.txt || { cat groups.txt; fail "groups"; }
my "UPDATE person SET first_name = 'seen' WHERE id = 1"
parity
"$pipeline" messages person_enriched 1 >messages.txt 2>messages.err || fail "messages"
expect "messages" "$(jq -c 'select(.op) | [.key.person_id, .after.first_name, .kafka.topic]' messages.txt | grep seen)" '[1,"seen","dbserver.views.person_enriched"]'
expect "one of each partition" "$(jq -c 'select(.op) | .kafka.partition' messages.txt | sort -u | wc -l)" "$(jq -c 'select(.op)' messages.txt | wc -l)"
expect "places of the group" "$("$pipeline" groups 2>/dev/null | grep -c '^group ')" 1
expect_words <("$pipeline" schemas 2>/dev/null) "views.person_enriched"
expect "one shape" "$("$pipeline" schemas geo 2>/dev/null | sed 's/ [0-9a-f]* / /')" \
    "streaming_etl_db.geo id int, city varchar(100), country char(2), latitude decimal(9,6), longitude decimal(9,6)"
"$pipeline" flink-sql >job.sql 2>flink.err || fail "flink-sql"
expect_words job.sql 'LEFT JOIN `streaming_etl_db.geo` AS `g`'
expect_words job.sql "'topic' = 'dbserver.flink.person_enriched'"

say "rows that the target has wrong are found, in the record too, and repaired"
raw() { ch "INSERT INTO $1_raw SELECT * REPLACE ($2, toUInt128('340282366920938463463374607431768211455') AS _version) FROM $1_raw FINAL WHERE $3"; }
raw person_enriched "'wrong' AS street" "person_id = 4"
raw person_enriched "'wrong' AS first_name" "person_id = 5"
expect_exit 1 "$pipeline" verify >verify.txt 2>verify.err
grep -qx "views.person_enriched  [0-9]* rows  2 different" verify.txt || { cat verify.txt; fail "a wrong record is not found"; }
expect_words verify.txt "different  (4)"
ch "ALTER TABLE person_enriched_raw DELETE WHERE person_id IN (4, 5) AND (street = 'wrong' OR first_name = 'wrong') SETTINGS mutations_sync = 2"
ch "ALTER TABLE person_enriched_raw DELETE WHERE person_id = 6 SETTINGS mutations_sync = 2"
ch "ALTER TABLE person_raw DELETE WHERE id = 7 SETTINGS mutations_sync = 2"
expect_exit 1 "$pipeline" verify >verify.txt 2>verify.err
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
expect_words repair.err "views differ from their tables"
parity

say "the binary log is purged behind us: all is read again, and the record is right"
"$pipeline" stop 2>stop.err || fail "stop"
my "UPDATE geo SET city = 'purged' WHERE id <= 5; FLUSH BINARY LOGS"
my "DELETE FROM person WHERE id = 9; FLUSH BINARY LOGS"
purge_logs_to "$(my "SHOW MASTER STATUS" | cut -f1)"
"$pipeline" start 2>start.err || fail "start"
wait_until 20 is capture failed
expect_words status.txt "position lost: mysql-enrich repair"
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"
expect_words repair.err "beginning anew with a snapshot"
parity
change 31
parity

say "what is compared is the state of the views, too"
"$pipeline" stop 2>stop.err || fail "stop"
cdc-transform --views "$ROOT/scripts/pipelines/sql/enrich_views.sql" --state "$state/views" --check 2>check.err || fail "--check"

say "nothing is left"
expect_exit 2 "$pipeline" terminate 2>terminate.err
"$pipeline" terminate --yes 2>terminate.err || fail "terminate"
! pgrep -f "$WORK/state" >/dev/null || fail "processes of the pipeline run"
[ ! -e "$state" ] || fail "the state folder is left"

say "topics that Flink reads: changes only, and the record comes all the same"
export CDC_ENVELOPE=payload
"$pipeline" deploy 2>deploy.err || fail "deploy"
find_servers
parity
change 32
parity
for topic in person address geo; do
    kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t "dbserver.streaming_etl_db.$topic" -o beginning -e -f '%s\n' >"$topic.records"
    expect "other records of $topic" "$(grep -cv '^{"schema":null,"payload":{"before":\|^$' "$topic.records")" 0
done
"$pipeline" flink-sql >job.sql 2>flink.err || fail "flink-sql"
say done
