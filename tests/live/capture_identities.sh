#!/usr/bin/env bash
# Every REPLICA IDENTITY, partitioned tables through their root, inheritance, odd names, 1,600
# columns, many tables: through the whole pipe into ClickHouse, and row by row.
# Pain 14: tables without identity are told of before they are published.
# Pain 15: a table without key keeps its rows apart. Pain 16: a key change leaves no old row.
# Pain 20: partitions go by their root, new ones too. Pain 32: generated columns break nothing.
# CDC_TEST_SOAK=1: 10,000 tables, else 200.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
TABLES=200
[ -z "$SOAK" ] || TABLES=10000
export CDC_PG_CONF='max_locks_per_transaction = 1024'
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/"; }
long=$(printf 'l%.0s' $(seq 63))
wide=$(seq -f 'c%g int' -s ', ' 2 1600)

through() {
    capture --checkpoint state.json --exit-at-end "$@" 2>capture.err | tee lines |
        cdc-load --target "$TARGET" --checkpoint state.json --table-name '{schema}.{table}' 2>load.err
    expect "exit statuses" "${PIPESTATUS[*]}" "0 0 0"
}
keys() { jq -c "select(.op and .source.table == \"$1\") | [.op, .key, .before, .after]" lines; }
same() { for table in "$@"; do parity "public.$table=public.$table"; done; }

sql "CREATE TABLE by_default (id int PRIMARY KEY, v text);
     CREATE TABLE with_include (id int, v text, w text, PRIMARY KEY (id) INCLUDE (v));
     CREATE TABLE full_include (id int, v text, w text, PRIMARY KEY (id) INCLUDE (v));
     ALTER TABLE full_include REPLICA IDENTITY FULL;
     CREATE TABLE full_keyless (a int, b text); ALTER TABLE full_keyless REPLICA IDENTITY FULL;
     CREATE TABLE by_index (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL, v text);
     CREATE UNIQUE INDEX by_index_ab ON by_index (b, a) INCLUDE (v);
     ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_ab;
     CREATE TABLE by_nothing (id int PRIMARY KEY, v text); ALTER TABLE by_nothing REPLICA IDENTITY NOTHING;
     CREATE TABLE no_key (a int, b text);
     CREATE TABLE generated (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, z text);
     CREATE TABLE parent (id int PRIMARY KEY, v text);
     CREATE TABLE child (extra text, PRIMARY KEY (id)) INHERITS (parent);
     CREATE TABLE parted (id int, at date, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
     CREATE TABLE parted_24 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
     CREATE TABLE parted_25 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
     CREATE TABLE parted_25_a PARTITION OF parted_25 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
     CREATE TABLE parted_25_b PARTITION OF parted_25 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
     CREATE TABLE \"Odd. Name\" (\"Key. 1\" int PRIMARY KEY, \"привет 😀\" text, \"select\" int);
     CREATE TABLE \"таблица\" (\"имя\" text PRIMARY KEY, \"quo'te\" text);
     CREATE TABLE $long ($long int PRIMARY KEY, v text);
     CREATE TABLE wide (id int PRIMARY KEY, ${wide%,*})"
sql "ALTER TABLE wide ADD c1600 text"

say "tables without identity are told of first; nothing is published"
expect_exit 4 capture --create --exit-after-create 2>refused.err
expect_words refused.err "public.by_nothing has REPLICA IDENTITY NOTHING"
expect_words refused.err "public.no_key has no replica identity"
expect "publications" "$(sql "SELECT count(*) FROM pg_publication")" 0
sql "INSERT INTO no_key VALUES (0, 'x'); UPDATE no_key SET a = 1; DELETE FROM no_key"
capture --create --exit-after-create --allow-no-identity 2>create.err

say "identities"
sql "INSERT INTO by_default VALUES (1, 'a'), (2, 'b'), (3, 'c'); UPDATE by_default SET v = 'u' WHERE id = 1;
     UPDATE by_default SET id = 9 WHERE id = 2; DELETE FROM by_default WHERE id = 3"
sql "INSERT INTO with_include VALUES (1, 'a', 'x'); UPDATE with_include SET v = 'b'; UPDATE with_include SET w = 'y'"
sql "INSERT INTO full_include VALUES (1, 'a', 'x'), (2, 'a', 'x'); UPDATE full_include SET v = 'b' WHERE id = 1;
     UPDATE full_include SET id = 5 WHERE id = 2"
sql "INSERT INTO full_keyless VALUES (1, 'a'), (1, 'a'), (1, 'a'), (2, NULL);
     DELETE FROM full_keyless WHERE ctid = (SELECT max(ctid) FROM full_keyless WHERE a = 1); UPDATE full_keyless SET b = 'z' WHERE a = 2"
sql "INSERT INTO by_index VALUES (1, 1, 1, 'a'), (2, 2, 2, 'b'), (3, 3, 3, 'c'); UPDATE by_index SET id = 10 WHERE id = 1;
     UPDATE by_index SET a = 20 WHERE id = 2; UPDATE by_index SET v = 'changed'; DELETE FROM by_index WHERE id = 3"
sql "INSERT INTO by_nothing VALUES (1, 'a'), (2, 'b')"
sql "INSERT INTO no_key VALUES (1, 'a'), (1, 'a'), (NULL, NULL)"
sql "INSERT INTO generated (id, a, z) VALUES (1, 2, 'z'); UPDATE generated SET a = 3"
sql "INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', 'e'); UPDATE parent SET v = 'both'"
sql "UPDATE by_nothing SET v = 'refused'" 2>/dev/null && fail "an update without identity passed"
sql "INSERT INTO \"Odd. Name\" VALUES (1, 'ü', 1); UPDATE \"Odd. Name\" SET \"select\" = 2;
     INSERT INTO \"таблица\" VALUES ('ключ', 'x'), ('b', NULL); DELETE FROM \"таблица\" WHERE \"имя\" = 'b';
     INSERT INTO $long VALUES (1, 'x'); UPDATE $long SET v = 'y'"
sql "INSERT INTO wide (id, c2, c1599, c1600) VALUES (1, 2, 1599, 'last'), (2, NULL, NULL, NULL); UPDATE wide SET c800 = 8 WHERE id = 2"
sql "INSERT INTO parted VALUES (1, '2024-05-05', 'a'), (2, '2025-05-05', 'b'), (3, '2025-05-05', 'c');
     UPDATE parted SET v = 'u' WHERE id = 2; UPDATE parted SET at = '2025-01-01' WHERE id = 1; DELETE FROM parted WHERE id = 3"
through
expect "index identity: two columns, in the order of the table" "$(jq -c 'select(.table.name == "public.by_index") | [.table.columns[] | select(.key) | .name]' lines | tail -n 1)" '["a","b"]'
expect "a key change under it" "$(keys by_index | grep '"d"' | sed -n 1p)" '["d",{"a":2,"b":2},{"a":2,"b":2},null]'
for table in with_include full_include; do
    expect "included columns of $table are no key" "$(jq -c "select(.table.name == \"public.$table\") | [.table.columns[] | select(.key) | .name]" lines | tail -n 1)" '["id"]'
    expect "no key change by them" "$(keys $table | grep -c '"b"' || true)" "$([ $table = with_include ] && echo 2 || echo 1)"
done
expect "inserts without identity" "$(keys no_key | sed -n 1p)" '["c",null,null,{"a":1,"b":"a"}]'
expect "a child by its own name" "$(jq -r 'select(.op and (.source.table | IN("parent","child"))) | .source.table' lines | sort | uniq -c | tr -s ' \n' ' ')" " 2 child 2 parent "
expect "generated columns are not carried" "$(keys generated | sed -n 1p)" '["c",{"id":1},null,{"id":1,"a":2,"z":"z"}]'
same by_default with_include full_include full_keyless by_index by_nothing no_key child parted "Odd. Name" "таблица" "$long" wide
expect "parent alone" "$(ch "SELECT id, v FROM \`public.parent\` FORMAT TSV")" "$(sql "SELECT id, v FROM ONLY parent" | tr '|' '\t')"

say "partitions: a new one, one attached, one detached"
sql "CREATE TABLE parted_26 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
     INSERT INTO parted VALUES (10, '2026-01-01', 'new')"
sql "CREATE TABLE parted_27 (LIKE parted INCLUDING ALL);
     ALTER TABLE parted ATTACH PARTITION parted_27 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
     INSERT INTO parted VALUES (11, '2027-01-01', 'attached'); UPDATE parted SET v = 'updated' WHERE id = 11"
through
same parted
expect "no child's name" "$(jq -r 'select(.op) | .source.table' lines | sort -u)" parted
sql "DELETE FROM parted WHERE at >= '2027-01-01'"
sql "ALTER TABLE parted DETACH PARTITION parted_27; INSERT INTO parted_27 VALUES (12, '2027-01-01', 'by itself')"
sql "INSERT INTO parted VALUES (13, '2024-02-02', 'still')"
through
same parted parted_27
expect "a detached one by its own name" "$(jq -r 'select(.op) | .source.table' lines | sort -u | tr '\n' ' ')" "parted parted_27 "

say "$TABLES tables"
sql "DO \$\$ BEGIN FOR i IN 1..$TABLES LOOP
         EXECUTE format('CREATE TABLE many_%s (id int PRIMARY KEY, v text)', i);
         EXECUTE format('INSERT INTO many_%s VALUES (%s, ''x'')', i, i); END LOOP; END \$\$" >/dev/null
measured capture.use cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --exit-at-end >many 2>capture.err
# A look at the catalog may meanwhile tell the facts of what was detached above.
expect "table lines" "$(grep '^{"table"' many | grep -c '"table":"many_')" "$TABLES"
expect "rows" "$(grep -c '"op":"c"' many)" "$TABLES"
measured snapshot.use cdc-snapshot --source "$(pg_url)" --tables 'many_*' >many 2>snapshot.err
expect "rows of a snapshot" "$(grep -c '"op":"r"' many)" "$TABLES"
measured check.use cdc-capture --source "$(pg_url)" --slot "$SLOT" --check 2>check.err || [ $? = 4 ]
for tool in capture snapshot check; do
    read -r seconds memory <$tool.use
    say "$TABLES tables, $tool: $seconds s, $memory MB"
    [ "$memory" -le 96 ] || fail "$tool takes $memory MB for $TABLES tables"
done
say "all good"
