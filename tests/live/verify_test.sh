#!/usr/bin/env bash
# Pain 50: an equal pair of every type is the same. cdc-verify finds each planted difference and names its key; --repair makes the pair equal; a failed
# read is 2, never 1. 30,000 rows; CDC_TEST_SOAK=1: a million.
source "$(dirname "$0")/lib.sh"
ROWS=${SOAK:+1000000}
ROWS=${ROWS:-30000}
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
sql "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"
sql "CREATE TABLE everything (id bigint PRIMARY KEY, i2 smallint, i4 int, i8 bigint, o oid, f4 real, f8 float8,
    flag boolean, n numeric(12,2), wide numeric(50,10), free numeric, cash money, d date, t time, ts timestamp,
    ts3 timestamp(3), tz timestamptz, u uuid, txt text, vc varchar(20), ch char(5), b bytea, js json, jb jsonb,
    m mood, ip inet, a int[], iv interval, r int4range, g int GENERATED ALWAYS AS (i2 * 2) STORED)"
sql "CREATE TABLE parted (k text COLLATE \"C\", n int, v text, PRIMARY KEY (k, n)) PARTITION BY HASH (k)"
sql "CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0)"
sql "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
sql "CREATE TABLE keyless (a int, b text)"
sql "ALTER TABLE keyless REPLICA IDENTITY FULL"

fill() { # FROM TO
    sql "INSERT INTO everything (id, i2, i4, i8, o, f4, f8, flag, n, wide, free, cash, d, t, ts, ts3, tz, u, txt, vc, ch, b, js, jb, m, ip, a, iv, r)
        SELECT g, g % 30000, -g, g::bigint * 1000003, g, g / 7.0, g / 3.0, g % 2 = 0, round(g / 13.0, 2),
            g * 1234567890123456789012345.0123456789, (g / 7.0)::numeric, (g / 100.0)::numeric::money, date '1970-01-01' + g % 20000,
            time '00:00:00.000001' + g * interval '1 second', timestamp '2001-02-03 04:05:06.789012' + g * interval '1 minute',
            timestamp '1960-01-01 00:00:00.123' + g * interval '1 minute', timestamptz '2001-02-03 04:05:06.789012+05' + g * interval '1 minute',
            md5(g::text)::uuid, CASE WHEN g % 10 = 0 THEN NULL ELSE 'text ' || g END, 'v' || g, 'c' || g % 100,
            decode(md5(g::text), 'hex'), ('{\"a\": ' || g || '}')::json, jsonb_build_object('b', g), (ARRAY['sad','ok','happy'])[1 + g % 3]::mood,
            '10.0.0.1'::inet + g, ARRAY[g, g + 1], g * interval '1 hour', int4range(g, g + 5)
        FROM generate_series($1, $2) g"
}
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
verify() { cdc-verify --source "$(pg_url)" --target "$TARGET" "$@" 2>verify.err; }
pipe() {
    cdc-capture --source "$(pg_url)" --slot verify --prefix verify --checkpoint state.json --heartbeat 500ms "$@" 2>>capture.err | kept |
        cdc-load --target "$TARGET" --checkpoint state.json 2>>load.err
}
found() { # WHAT JQ: the differences of the last report
    expect "$1" "$(jq -r "$2" report.json)" "$3"
}

say "the source that holds nothing, the target that is not there, the table that cannot be read"
expect_exit 2 verify
expect_exit 2 cdc-verify --source "postgresql://postgres@127.0.0.1:1/x" --target "$TARGET" 2>verify.err
expect_exit 2 cdc-verify --source "$(pg_url)" --target http://127.0.0.1:1/x 2>verify.err
expect_exit 2 cdc-verify --source "$(pg_url)" 2>verify.err

say "an equal pair of $ROWS rows of every type"
pipe --create --exit-after-create
fill 1 "$ROWS"
sql "INSERT INTO everything (id) VALUES (0)"
sql "INSERT INTO everything (id, f4, f8, i2, i4, i8, n, txt, ch, b, ts, tz, d, wide) VALUES
    (-1, 'NaN', '-Infinity', -32768, -2147483648, -9223372036854775808, -9999999999.99, '', '', '', '1900-01-01', '2299-12-31 23:59:59.999999Z', '1900-01-01', -1234567890123456789012345678901234567890.0123456789),
    (-2, 'Infinity', -0.0, 32767, 2147483647, 9223372036854775807, 0, E'tab\tnl\nq''\"\\\\ é', 'ab', '\x00ff0a5c', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.5Z', '2299-12-31', 0)"
sql "INSERT INTO parted SELECT 'k' || g % 100, g, 'v' || g FROM generate_series(1, 1000) g"
sql "INSERT INTO keyless SELECT g % 50, 'row ' || g % 7 FROM generate_series(1, 1000) g"
pipe --exit-at-end
parity keyless
verify --no-wait || { cat verify.err; fail "an equal pair is not the same"; }
verify --no-wait --rows || fail "an equal pair is not the same row by row"
verify --no-wait --counts || fail "an equal pair does not count the same"
verify --no-wait --float-tolerance 1e-9 --tables everything || fail "tolerance makes a difference"
expect "quiet" "$(verify --no-wait --quiet)" ""

say "each planted difference is found, and its key named"
plant() { # WHAT SQL-for-target WANTED: kind, key, columns
    ch "$2"
    expect_exit 1 verify --no-wait --tables everything --json >report.json
    found "$1" '[.tables[].differences[] | .kind + " " + .key.id + ": " + ([.columns[].name] | join(","))] | sort | join("; ")' "$3"
    expect_exit 1 verify --no-wait --tables everything --rows --quiet >report.txt
}
change() { # ID COLUMN=EXPRESSION
    echo "INSERT INTO everything_raw SELECT * REPLACE (($3) AS $2, _version + 1 AS _version) FROM everything_raw FINAL WHERE id = $1"
}
repair() { # as a user would; that there were differences is exit status 1
    { verify --no-wait --repair "$@" || [ $? = 1 ]; } | tee repair.json | cdc-load --target "$TARGET" 2>>load.err
}
heal() {
    repair --tables everything
    cp verify.err repair.err
    verify --no-wait --tables everything || fail "the repair did not heal"
}
plant "one cell" "$(change 777 i4 'i4 + 1')" "different 777: i4"; heal
plant "a missing row" "INSERT INTO everything_raw SELECT * REPLACE (1 AS _deleted, _version + 1 AS _version) FROM everything_raw FINAL WHERE id = 500" "missing 500: "; heal
plant "an extra row" "INSERT INTO everything_raw SELECT * REPLACE (123456789 AS id) FROM (SELECT * FROM everything_raw FINAL WHERE id = 501)" "extra 123456789: "; heal
plant "a swapped pair" "$(change 42 txt "'text 43'"); " "different 42: txt"
ch "$(change 43 txt "'text 42'")"
expect_exit 1 verify --no-wait --tables everything --json >report.json
found "a swapped pair" '[.tables[].differences[].key.id] | sort | join(" ")' "42 43"; heal
plant "NULL for ''" "$(change -1 txt "CAST(NULL, 'Nullable(String)')")" "different -1: txt"
found "its values" '.tables[0].differences[0].columns[0] | tostring' '{"name":"txt","source":"","target":null}'; heal
plant "a trailing space" "$(change 44 vc "concat(vc, ' ')")" "different 44: vc"; heal
plant "a last decimal digit" "$(change 45 n "n + toDecimal64('0.01', 2)")" "different 45: n"; heal
plant "a last digit of fifty" "$(change 46 wide "wide + toDecimal256('0.0000000001', 10)")" "different 46: wide"; heal
plant "a microsecond" "$(change 47 tz "addMicroseconds(tz, 1)")" "different 47: tz"; heal
plant "a bit of a float" "$(change 48 f8 "reinterpretAsFloat64(reinterpretAsUInt64(assumeNotNull(f8)) + 1)")" "different 48: f8"
verify --no-wait --tables everything --float-tolerance 1e-12 || fail "the tolerance does not tolerate"
verify --no-wait --tables everything --exclude-columns f8 || fail "--exclude-columns does not exclude"
verify --no-wait --tables everything --where 'everything=id < 48' || fail "--where reads beyond"; heal

say "a damaged row with a version that the source never reached is deleted before it is repaired"
ch "INSERT INTO everything_raw SELECT * REPLACE ('damaged' AS vc, toUInt128('340282366920938463463374607431768211455') AS _version) FROM everything_raw FINAL WHERE id = 600"
expect_exit 1 verify --no-wait --tables everything
heal
expect_words repair.err "1 rows of the target had versions beyond"

say "tables without key, and partitioned ones"
ch "INSERT INTO keyless_raw (a, b, _version, _row, _sign, _source_ts_ms) SELECT 3, 'row 3', toUInt128('5192296858534827628530496329220097000'), 7, 1, 0"
ch "INSERT INTO parted_raw SELECT * REPLACE ('other' AS v, _version + 1 AS _version) FROM parted_raw FINAL WHERE k = 'k7' AND n = 107"
expect_exit 1 verify --no-wait --json >report.json
found "both" '[.tables[] | select(.verdict == "different") | .table + " " + .differences[0].kind + " " + (.differences[0].key | tostring)] | join("; ")' \
    'public.keyless extra {"a":"3","b":"row 3"}; public.parted different {"k":"k7","n":"107"}'
repair
verify --no-wait || { cat verify.err; fail "the repair did not heal"; }
parity keyless

say "a target that is behind is not different: could not tell"
sql "INSERT INTO everything (id) VALUES (5000001)"
expect_exit 2 verify --settle 1s --tables everything >report.txt
expect_words report.txt "did not settle"

say "--slot of a slot that does not fill the target: named, with those that do"
expect_exit 2 verify --slot typo --settle 1s --tables everything >report.txt
expect_words report.txt "no position of slot 'typo' of this source, but of '"

say "a table that the target does not hold"
sql "CREATE TABLE absent (id int PRIMARY KEY)"
verify --no-wait --tables absent >report.txt || fail "an empty table that is not there differs"
sql "INSERT INTO absent SELECT generate_series(1, 5)"
expect_exit 1 verify --no-wait --tables absent --json >report.json
found "rows" '.tables[0] | [.table, .missing, .target_rows] | join(" ")' "public.absent 5 0"
expect_exit 2 verify --settle 1s --tables absent >report.txt # it may be on its way
expect_exit 2 verify --publication nobody >report.txt
expect_words verify.err "no publication 'nobody'"
sql "CREATE PUBLICATION chosen FOR TABLE parted"
expect_exit 2 verify --no-wait --publication chosen --tables absent >report.txt
expect_words verify.err "no table"
sql "DROP TABLE absent"

say "a time budget ends in the midst of a table"
verify --no-wait --tables keyless,everything --time-budget 1ms >report.txt && fail "nothing was compared, and that is the same"
expect_words verify.err "the time is up: 0 of 2 tables were compared"

say "a table that may not be read is 2, though another differs"
sql "CREATE ROLE reader LOGIN; GRANT SELECT ON keyless, parted TO reader; GRANT pg_monitor TO reader"
expect_exit 2 cdc-verify --source "$(pg_url | sed s/postgres@/reader@/)" --target "$TARGET" --no-wait 2>verify.err >report.txt
expect_words verify.err "permission denied"

say "a table that the source dropped is told, and is a difference only where asked"
sql "DROP TABLE parted"
verify --no-wait --exclude everything >report.txt || fail "a table that the source dropped makes it fail: $(cat report.txt verify.err)"
expect_words report.txt "dropped at the source"
expect_exit 1 verify --no-wait --exclude everything --on-dropped differ >report.txt
expect_exit 2 verify --no-wait --tables parted >report.txt # nothing was compared

say "several readers of a group in Kafka: what one of them has loaded says nothing of the others' partitions"
behind_kafka() { # POSITION: of a topic of two partitions
    ch "ALTER TABLE _cdc_state DELETE WHERE scope = 'source' SETTINGS mutations_sync = 2"
    ch "INSERT INTO _cdc_state (scope, name, item, version, value) VALUES ('source', 'kafka:c::g', 'checkpoint', 1,
        '{\"checkpoint\":{\"v\":1,\"kind\":\"kafka\",\"server\":\"c\",\"database\":\"\",\"slot\":\"g\",\"position\":\"$1\",\"order\":\"00017fffffffffffffff000000000000\",\"commit_ts_ms\":0,\"snapshot\":null,\"topic_partitions\":{\"t\":2}},\"ts_ms\":1}')"
}
sql "INSERT INTO everything (id) VALUES (-77)" # on its way, by the other reader
behind_kafka t:0=5
expect_exit 2 verify --settle 2s --tables everything >report.txt
expect_words report.txt "one of several readers of the group"
behind_kafka t:0=5,1=9
expect_exit 1 verify --settle 2s --tables everything >report.txt

say "a target that breaks in the middle is 2"
ch "DROP TABLE keyless_raw"
expect_exit 2 verify --no-wait >report.txt
expect_words report.txt "no table for 'public.keyless'"
say done
