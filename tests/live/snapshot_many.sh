#!/usr/bin/env bash
# Many tables: what a snapshot asks the catalog for before its first row does not grow with them.
# CDC_TEST_TABLES: of the larger database (300).
source "$(dirname "$0")/lib.sh"
TABLES=${CDC_TEST_TABLES:-300}
export CDC_PG_CONF=$'log_statement = all\nsynchronous_commit = off\nmax_locks_per_transaction = 1024'
start postgres
fill() { # DATABASE COUNT
    sql postgres "CREATE DATABASE $1"
    sql "$1" "CREATE TYPE mood AS ENUM ('good', 'bad');
        DO \$\$ BEGIN FOR i IN 1..$2 LOOP
            EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, q numeric(10,2) DEFAULT 1, m mood, note text[])', lpad(i::text, 5, '0'));
            EXECUTE format('INSERT INTO t%s VALUES (1, 1.5, ''good'', ''{a}'')', lpad(i::text, 5, '0'));
            EXECUTE format('ALTER TABLE t%s ADD later int DEFAULT %s', lpad(i::text, 5, '0'), i);
        END LOOP; END \$\$;
        CREATE TABLE whole (a int PRIMARY KEY, b text); ALTER TABLE whole REPLICA IDENTITY FULL;
        CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
        CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
        INSERT INTO parts VALUES (1, 'low')"
}
# How many statements the server had until the first table was locked to be read.
questions() { # DATABASE
    local before
    before=$(wc -l <"$CDC_SERVICES_DIR/postgres/log")
    cdc-snapshot --source "$(pg_url "$1")" --prefix many --jobs 1 >"$1.lines" 2>snapshot.err || fail "snapshot of $1"
    awk -v before="$before" 'NR > before && !over { if (/LIMIT 0/) over = 1; else if (/LOG:  (execute|statement)/) n++ }
        END { print n }' "$CDC_SERVICES_DIR/postgres/log"
}
say 'as many questions for many tables as for few'
fill few 3
fill many "$TABLES"
FEW=$(questions few)
MANY=$(questions many)
echo "$FEW questions for 5 tables, $MANY for $((TABLES + 2))"
[ "$FEW" -gt 5 ] || fail "only $FEW questions were counted"
expect 'questions' "$MANY" "$FEW"

say 'and each table is described by itself'
SHAPE='select(.table) | [.source.table, (.table.columns | map([.name, .type, .key, .default, .labels]))]'
jq -c "$SHAPE" many.lines | sort >described
expect 'tables' "$(wc -l <described)" "$((TABLES + 2))"
expect 'one of many' "$(grep '"t00217"' described)" \
    '["t00217",[["id","bigint",1,null,null],["q","numeric(10,2)",null,null,null],["m","public.mood",null,null,["good","bad"]],["note","text[]",null,null,null],["later","integer",null,217,null]]]'
expect 'by its primary key' "$(grep '"whole"' described)" '["whole",[["a","integer",1,null,null],["b","text",null,null,null]]]'
expect 'rows' "$(jq -c 'select(.op == "r") | .source.table' many.lines | sort -u | wc -l)" "$((TABLES + 1))"
for t in t00001 "$(printf 't%05d' "$TABLES")"; do
    expect "a row of $t" "$(jq -c "select(.op == \"r\" and .source.table == \"$t\") | .after" many.lines)" \
        "{\"id\":1,\"q\":\"1.50\",\"m\":\"good\",\"note\":[\"a\"],\"later\":$((10#${t#t}))}"
done

say 'rights that are missing are found for each'
sql many "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; REVOKE SELECT ON t00002, t00200 FROM reader;
    GRANT SELECT (id) ON t00200 TO reader; ALTER ROLE reader REPLICATION"
URL=$(pg_url many)
expect_exit 4 cdc-snapshot --source "postgresql://reader@${URL#*@}" >/dev/null 2>rights.err
expect_words rights.err 'may not read 2 tables of schema public: t00002, t00200'
say 'all passed'
