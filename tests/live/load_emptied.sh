#!/usr/bin/env bash
# A table that was emptied while nothing captured is empty in the target after a new snapshot, with a
# key and without; so is one whose rows were all replaced.
source "$(dirname "$0")/lib.sh"
start postgres
create_db
sql "CREATE TABLE keyed (id int PRIMARY KEY, v text); CREATE TABLE keyless (v text); ALTER TABLE keyless REPLICA IDENTITY FULL;
     CREATE TABLE replaced (id int PRIMARY KEY, v text);
     INSERT INTO keyed SELECT g, 'old' FROM generate_series(1, 100) g;
     INSERT INTO keyless SELECT 'old' FROM generate_series(1, 100);
     INSERT INTO replaced SELECT g, 'old' FROM generate_series(1, 100) g;
     CREATE PUBLICATION p FOR ALL TABLES"
snapshot() { cdc-snapshot --source "$(pg_url)" --publication p 2>snapshot.err | tee lines | cdc-load --target "$TARGET" 2>load.err; }

say "loaded"
snapshot || fail "the first snapshot"
parity keyed keyless replaced
expect "rows" "$(ch 'SELECT count() FROM keyed')" 100

say "emptied, and read again"
sql "DELETE FROM keyed; DELETE FROM keyless; DELETE FROM replaced;
     INSERT INTO replaced SELECT g, 'new' FROM generate_series(101, 150) g"
snapshot || fail "the second snapshot"
expect "end lines" "$(grep -c '^{"snapshot":{"status":"end"' lines)" 3
for table in keyed keyless; do
    expect "rows of $table" "$(ch "SELECT count() FROM $table")" 0
done
parity replaced
say "all good"
