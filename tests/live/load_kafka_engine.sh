#!/usr/bin/env bash
# ClickHouse reads the topics itself, by the statements of --print-kafka-engine-ddl. The engine here has no ENGINE=Kafka:
# a table that keeps nothing stands for the queue, and is fed with the topics' records. What comes of them is what
# cdc-load makes of the same topics: rows as they are now and operations, twice over, behind truncates and snapshots.
. "$(dirname "$0")/lib.sh"
start postgres mysql kafka clickhouse
create_db
B=$CDC_TEST_KAFKA_BROKERS
SERVER=${CDC_TEST_CLICKHOUSE_URL%/*}
in_db() { printf '%s' "$2" | curl -sS --fail-with-body --data-binary @- "$SERVER/?database=$1"; } # DATABASE SQL
my() { mariadb --no-defaults -h 127.0.0.1 -P "${CDC_TEST_MYSQL_URL##*:}" -u root --default-character-set=utf8mb4 -e "$1" ${2:+"$2"}; }

say "topics of both databases: a snapshot, then changes of every kind"
sql "CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE t (id bigint PRIMARY KEY, b boolean, s smallint NOT NULL DEFAULT 7, r real, d double precision, n numeric(20,4), free numeric,
        day date, at timestamp(3), z timestamptz NOT NULL DEFAULT '2025-01-01 00:00:00.123456Z', u uuid, raw bytea, m mood, list int[], words text[], doc jsonb, \"true\" text, \"we'ird\" text);
    CREATE TABLE pair (a text, b date, v int, PRIMARY KEY (a, b));
    INSERT INTO t SELECT g, g % 2 = 0, g, g / 3.0, g / 7.0, g * 1.1, g * 1.10, date '1950-02-03' + g, timestamp '2025-01-01 10:00' + g * interval '1 ms',
        '2025-01-01 00:00:00.5Z', md5(g::text)::uuid, decode(md5(g::text), 'hex'), 'ok', ARRAY[g, NULL, -g], ARRAY['a\"b', NULL, ''], '{\"a\": [1, 2.50, \"x\"]}', 'word', 'it''s'
        FROM generate_series(1, 300) g;
    INSERT INTO t (id) VALUES (9223372036854775807); UPDATE t SET d = 'NaN', r = '-Infinity' WHERE id = 5;
    INSERT INTO pair VALUES ('ä''\\', '2001-01-01', 1), ('', '2299-12-31', NULL)"
my "CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.o (id bigint unsigned PRIMARY KEY, small tinyint unsigned, price decimal(12,3) NOT NULL, at datetime(6),
        e enum('x','y'), j json, bits bit(9), y year, b varbinary(20), f double, note text NOT NULL);
    INSERT INTO shop.o VALUES (18446744073709551615, 255, 1.250, '2025-01-01 10:00:00.000001', 'y', '{\"k\": 1.50}', b'101', 2024, x'00ff', 0.1, 'é'), (1, NULL, -0.001, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '')"
pg_pipe() {
    { cdc-snapshot --source "$(pg_url)" --slot s --create --prefix pg --checkpoint pg.json 2>snapshot.err &&
        cdc-capture --source "$(pg_url)" --slot s --prefix pg --checkpoint pg.json --exit-at-end 2>capture.err; } |
        cdc-publish --brokers "$B" --prefix pg --partitions 1 --checkpoint pg.json 2>publish.err
}
my_pipe() {
    { cdc-snapshot --source "$CDC_TEST_MYSQL_URL/shop" --prefix my --checkpoint my.json 2>snapshot.err &&
        cdc-capture --source "$CDC_TEST_MYSQL_URL/shop" --prefix my --checkpoint my.json --exit-at-end 2>capture.err; } |
        cdc-publish --brokers "$B" --prefix my --partitions 1 --checkpoint my.json 2>publish.err
}
pg_pipe && my_pipe || fail "the first pipes"
sql "UPDATE t SET s = -s, day = NULL WHERE id % 10 = 0; DELETE FROM t WHERE id % 15 = 0; UPDATE t SET id = id + 1000 WHERE id % 7 = 0 AND id < 1000;
    INSERT INTO t (id, n) VALUES (30, 0.5); DELETE FROM pair WHERE a = ''; UPDATE pair SET b = b + 1"
my "UPDATE shop.o SET note = 'changed', small = 0; DELETE FROM shop.o WHERE id = 1; INSERT INTO shop.o (id, price, note) VALUES (2, 5, 'new')"
pg_pipe && my_pipe || fail "the second pipes"

print() { # MODE: the statements for all three topics
    cdc-consume --brokers "$B" --topics 'pg.public.t,pg.public.pair,my.shop.o' --exit-at-end 2>consume.err |
        cdc-load --print-kafka-engine-ddl --brokers "$B" --mode "$1" 2>print.err
}
run_all() { # DATABASE: statements of stdin
    local statement
    while IFS= read -r -d ';' statement; do
        [[ $statement != *[![:space:]]* ]] || in_db "$1" "$statement" || fail "$statement"
    done
}
feed() { # DATABASE TABLE TOPIC: its records into what stands for the queue
    kcat -q -b "$B" -C -t "$3" -o beginning -e -f '%s\n' | sed '/^$/d' >records
    in_db "$1" "INSERT INTO $2_queue FORMAT JSONAsString
$(cat records)"
}
both() { # MODE [SUFFIX]: our tables and theirs are the same; of SUFFIX too: not only the views
    local table what
    for table in t pair o; do
        for what in "SELECT * FROM $table ORDER BY ALL" ${2:+"SELECT * EXCEPT (_synced_at) FROM ${table}_$2 FINAL ORDER BY ALL"}; do
            in_db "ours_$1" "$what FORMAT TSVWithNamesAndTypes" >ours
            in_db "theirs_$1" "$what FORMAT TSVWithNamesAndTypes" >theirs
            [ "$(wc -l <ours)" -ge 3 ] || fail "$1, $table: nothing there"
            diff ours theirs >difference || fail "$1, $what: $(head -c 2000 difference)"
        done
    done
}
load_ours() { # MODE
    cdc-consume --brokers "$B" --topics 'pg.public.t,pg.public.pair,my.shop.o' --exit-at-end 2>consume.err |
        cdc-load --create-database --mode "$1" --target "$SERVER/ours_$1" 2>load.err || fail "cdc-load"
}
feed_theirs() { # MODE
    feed "theirs_$1" t pg.public.t && feed "theirs_$1" pair pg.public.pair && feed "theirs_$1" o my.shop.o || fail "the queues"
}
for mode in replace history; do
    say "$mode: the statements, and what they make of the topics, once and again"
    print $mode >ddl || fail "--print-kafka-engine-ddl"
    expect "queues" "$(grep -c 'ENGINE = Kafka' ddl)" 3
    expect_words ddl "kafka_topic_list = 'my.shop.o'"
    expect_words ddl "kafka_group_name = 'clickhouse.pair'"
    expect_words ddl "kafka_format = 'JSONAsString'"
    in_db default "CREATE DATABASE theirs_$mode"
    python3 -c 'import re, sys; sys.stdout.write(re.sub(r"ENGINE = Kafka.*?JSONAsString.", "ENGINE = Null", sys.stdin.read(), flags=re.S))' <ddl | run_all theirs_$mode
    load_ours $mode
    suffix=$([ $mode = replace ] && echo raw || echo history)
    feed_theirs $mode
    both $mode $suffix
    feed_theirs $mode
    both $mode $suffix
done

say "a truncate, and rows behind it"
sql "TRUNCATE t; INSERT INTO t (id) VALUES (1)"
pg_pipe || fail "the pipe"
for mode in replace history; do
    load_ours $mode
    feed_theirs $mode
    both $mode # what is void lies in their raw table still
    expect "rows behind the truncate" "$(in_db theirs_$mode "SELECT count() FROM t")" 1
done

say "what a view cannot decide is refused, and nothing of it is stored"
refused() { # WORDS SQL…: the change of t, by the source
    local before words=$1
    sql "$2"
    cdc-capture --source "$(pg_url)" --slot s --prefix pg --checkpoint pg.json --exit-at-end 2>capture.err | tee lines |
        cdc-publish --brokers "$B" --prefix pg --checkpoint pg.json 2>publish.err || fail "the pipe"
    before=$(in_db theirs_replace "SELECT count() FROM t_raw")
    grep '^{"key":{"id"' lines | sed 's/^{"key":{[^}]*},/{/' >records
    ! in_db theirs_replace "INSERT INTO t_queue FORMAT JSONAsString
$(cat records)" >answer || fail "taken: $words"
    expect_words answer "$words"
    expect "rows" "$(in_db theirs_replace "SELECT count() FROM t_raw")" "$before"
}
refused "column day: Nullable(Date32) does not hold the value" "UPDATE t SET day = '1066-10-14'"
sql "UPDATE t SET day = NULL"
refused "column at: Nullable(DateTime64(3, 'UTC')) does not hold the value" "UPDATE t SET at = 'infinity'"
sql "ALTER TABLE t ALTER COLUMN words SET STORAGE EXTERNAL; ALTER TABLE t ALTER \"true\" SET STORAGE EXTERNAL;
    UPDATE t SET at = NULL, \"true\" = repeat('x', 100000)"
refused "an update without its unchanged columns" "UPDATE t SET s = 3"
refused "a column is new" "ALTER TABLE t ADD COLUMN late int; INSERT INTO t (id, late) VALUES (77, 1)"

say "wrong usage"
expect_exit 2 cdc-load --print-kafka-engine-ddl <lines 2>err
expect_words err "needs --brokers"
expect_exit 2 cdc-load --print-kafka-engine-ddl --brokers b --dry-run <lines 2>err
expect_exit 5 cdc-load --print-kafka-engine-ddl --brokers b </dev/null 2>err
expect_words err "no table line"
sed 's/,"key":1//' lines | grep '^{"table"' >keyless
expect_exit 4 cdc-load --print-kafka-engine-ddl --brokers b <keyless 2>err
expect_words err "has no key"
say done
