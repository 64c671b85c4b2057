#!/usr/bin/env bash
# cdc-verify finds the tables and columns that a target stores by other names (NAMES in cdc-load(1)),
# under a condition too, says by the source's names what differs, and repairs it.
source "$(dirname "$0")/lib.sh"
start postgres
create_db
sql 'CREATE TABLE keyed("true" int PRIMARY KEY, inf text, "n.a" int[], "_version" text, plain text);
     CREATE TABLE loose("not" int, "_i" text, "top" text); ALTER TABLE loose REPLICA IDENTITY FULL;
     CREATE TABLE "a*b"(id int PRIMARY KEY); CREATE TABLE t(id int PRIMARY KEY); CREATE TABLE t_raw(id int PRIMARY KEY);
     INSERT INTO keyed SELECT i, $$inf $$ || i, ARRAY[i, i], $$v$$ || i, $$p$$ FROM generate_series(1, 50) i;
     INSERT INTO loose SELECT i / 2, $$i$$, $$t$$ || i / 2 FROM generate_series(1, 50) i;
     INSERT INTO "a*b" VALUES (1), (2); INSERT INTO t VALUES (1); INSERT INTO t_raw VALUES (2), (3)'
for mode in replace history; do
    say "$mode"
    TARGET=chdb:$WORK/$mode
    cdc-snapshot --source "$(pg_url)" --slot names_$mode --create --checkpoint $mode.json 2>snapshot.err |
        cdc-load --mode $mode --target "$TARGET" --checkpoint $mode.json 2>load.err || fail "the snapshot"
    verify() { cdc-verify --source "$(pg_url)" --slot names_$mode --target "$TARGET" --no-wait "$@" >report.txt 2>verify.err; }
    verify || { cat report.txt; fail "an equal pair is not the same"; }
    verify --where "keyed=\"inf\" LIKE 'inf 1%'" --where "loose=\"top\" <> 't3'" || { cat report.txt; fail "not the same where"; }
    ch "ALTER TABLE keyed_$([ $mode = replace ] && echo raw || echo history) UPDATE \`_cdc_inf\` = 'other' WHERE \`_cdc_true\` = 7 SETTINGS mutations_sync = 2"
    expect_exit 1 verify --tables keyed
    expect_words report.txt true
    expect_words report.txt other
    verify --tables keyed --where "keyed=\"inf\" <> 'other' AND \"inf\" <> 'inf 7'" || { cat report.txt; fail "the condition did not reach the column"; }
    expect "a table with characters of globs" "$(ch "SELECT count() FROM \`a%2Ab\`")" 2
    expect "a table with the name of a raw table" "$(ch "SELECT count() FROM t_raw$([ $mode = history ] || echo _)")" 2
done
say "a repair"
TARGET=chdb:$WORK/replace mode=replace
expect_exit 1 cdc-verify --source "$(pg_url)" --slot names_replace --target "$TARGET" --no-wait --repair >repair 2>verify.err
cdc-load --target "$TARGET" <repair 2>load.err || fail "the repair"
verify || { cat report.txt; fail "the repair left differences"; }
