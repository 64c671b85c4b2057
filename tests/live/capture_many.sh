#!/usr/bin/env bash
# Many tables: the server plans what a capture asks about them once, not at the first change of each.
# CDC_TEST_TABLES: of the larger database (300; 10,000 in a soak, which 100 MB are enough for).
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
TABLES=${CDC_TEST_TABLES:-300}
[ -z "$SOAK" ] || TABLES=10000
export CDC_PG_CONF=$'log_planner_stats = on\nsynchronous_commit = off\nmax_locks_per_transaction = 16384'
start postgres
fill() { # DATABASE COUNT
    DB=$1 SLOT=$1
    create_db
    sql "CREATE TYPE mood AS ENUM ('good', 'bad');
        DO \$\$ BEGIN FOR i IN 1..$2 LOOP
            EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, q numeric(10,2) DEFAULT 1, m mood, note text[], a text, b timestamptz)', i);
            IF i % 2 = 0 THEN EXECUTE format('ALTER TABLE t%s REPLICA IDENTITY FULL', i); END IF;
        END LOOP; END \$\$"
    capture --create --exit-after-create 2>/dev/null
    for i in $(seq 1 "$2"); do echo "INSERT INTO t$i VALUES ($i, 1.5, 'good', '{a}');"; done |
        psql -X -q -v ON_ERROR_STOP=1 -d "$(pg_url)"
}
# How many plans the server made for a capture of all first changes.
plans() { # DATABASE
    local before log=$CDC_SERVICES_DIR/postgres/log
    DB=$1 SLOT=$1
    before=$(grep -c 'PLANNER STATISTICS' "$log")
    measured "$1.use" cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek --exit-at-end >"$1.lines" 2>capture.err || fail "capture of $1"
    echo $(($(grep -c 'PLANNER STATISTICS' "$log") - before))
}
say 'as many plans for many tables as for few'
fill few 2
fill many "$TABLES"
FEW=$(plans few)
MANY=$(plans many)
echo "$FEW plans for 2 tables, $MANY for $TABLES"
[ "$FEW" -gt 10 ] || fail "only $FEW plans were counted"
# The looks beside the stream are made by the clock.
[ "$MANY" -le $((FEW + TABLES / 3)) ] || fail "$MANY plans for $TABLES tables, $FEW for 2"
read -r seconds memory <many.use
echo "$seconds s, greatest resident size: $memory MB"
[ "$memory" -le 100 ] || fail "$memory MB for $TABLES tables; 100 MB is the limit"

say 'and each table is described by itself'
expect 'tables' "$(jq -c 'select(.table) | .source.table' many.lines | sort -u | wc -l)" "$TABLES"
for t in 1 2 "$TABLES"; do
    expect "the shape of t$t" "$(jq -c "select(.table and .source.table == \"t$t\") | .table.columns | map([.name, .type, .key, .labels])[:4]" many.lines)" \
        '[["id","bigint",1,null],["q","numeric(10,2)",null,null],["m","public.mood",null,["good","bad"]],["note","text[]",null,null]]'
    expect "the row of t$t" "$(jq -c "select(.op and .source.table == \"t$t\") | .after | del(.a, .b)" many.lines)" \
        "{\"id\":$t,\"q\":\"1.50\",\"m\":\"good\",\"note\":[\"a\"]}"
done
say 'all passed'
