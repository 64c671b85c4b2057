#!/usr/bin/env bash
# cdc-transform over two sources that are killed, as it is and its sink, while both databases are read for the first time,
# tables without key among them: no row is missing from the views, and none counts twice.
# CDC_TEST_SEED repeats a run's choices; CDC_TEST_SOAK=1: 60 kills.
. "$(dirname "$0")/lib.sh"
start postgres mysql
KILLS=$([ -n "$SOAK" ] && echo 60 || echo 9)
RANDOM=${CDC_TEST_SEED:=$RANDOM}
say "seed $CDC_TEST_SEED, $KILLS kills"
create_db
my() { mariadb --no-defaults -h 127.0.0.1 -P "${CDC_TEST_MYSQL_URL##*:}" -u root -NB -e "$1" "${@:2}"; }
my "CREATE DATABASE store"
sql "CREATE TABLE orders (id int PRIMARY KEY, item_id int, note text); CREATE TABLE visits (item_id int, page text); ALTER TABLE visits REPLICA IDENTITY FULL;
     INSERT INTO orders SELECT i, i % 5000, repeat('x', 50) FROM generate_series(1, 200000) i; INSERT INTO visits SELECT i % 3000, 'p' FROM generate_series(1, 200000) i"
my "CREATE TABLE items (id int PRIMARY KEY, title varchar(40)); CREATE TABLE moves (item_id int, n int);
    SET @n = 0; INSERT INTO items SELECT @n := @n + 1, CONCAT('item ', @n) FROM information_schema.columns a, information_schema.columns b LIMIT 200000;
    INSERT INTO moves SELECT id % 2000, id % 3 FROM items" store
cat >views.sql <<'END'
CREATE VIEW per_item KEY (id) AS
    SELECT i.id, i.title, count(*) AS n FROM items i JOIN orders o ON o.item_id = i.id GROUP BY i.id, i.title;
CREATE VIEW counts KEY (item_id) AS SELECT v.item_id, count(*) AS visits FROM visits v GROUP BY v.item_id;
CREATE VIEW moved KEY (item_id) AS SELECT m.item_id, count(*) AS moves FROM moves m GROUP BY m.item_id;
CREATE VIEW both_ KEY (item_id) AS SELECT c.item_id, c.visits, m.moves FROM counts c JOIN moved m ON m.item_id = c.item_id;
END
mkfifo shop.fifo stock.fifo
drain=60s # enough for a busy machine
sources() { # NAME SOURCE OPTIONS…
    local name=$1 source=$2 slot=()
    shift 2
    [ $name != shop ] || slot=(--slot s)
    cdc-snapshot --source "$source" "${slot[@]}" --checkpoint $name.json --chunk-rows 5000 $([ $name != shop ] || echo --create) \
        --drain $drain 2>>$name-snapshot.err &&
        exec cdc-capture --source "$source" "${slot[@]}" --checkpoint $name.json --checkpoint-interval 50ms --drain $drain "$@" 2>>$name-capture.err
}
pipe() { # [--exit-at-end]
    stages=()
    sources shop "$(pg_url)" "$@" >shop.fifo & stages+=($!)
    sources stock "$CDC_TEST_MYSQL_URL/store" "$@" >stock.fifo & stages+=($!)
    cdc-transform --views views.sql --state state --input shop=shop.fifo --input stock=stock.fifo \
        --checkpoint shop=shop.json --checkpoint stock=stock.json --drain $drain 2>>transform.err |
        cdc-load --target "$TARGET" --checkpoint shop=shop.json --checkpoint stock=stock.json --flush-interval 100ms 2>>load.err &
    stages+=($!)
    transform=$(jobs -p %%) # the first of the pipeline
}
processes() { below "$$" | xargs -r ps -o pid=,comm= -p | awk -v name="$1" '$2 == name { print $1 }'; }
victims=(cdc-transform cdc-snapshot cdc-load)
read_in_part=0
drain=5s # nobody acknowledges behind a kill
for n in $(seq "$KILLS"); do
    pipe
    sleep "$((n % 3 > 1)).$((1 + RANDOM % 9))"
    # The last of them are while tables are read, also where a busy machine was too slow for the others.
    [ $read_in_part != 0 ] || [ "$n" -lt $((KILLS - 2)) ] || wait_until 20 grep -q '"snapshot":{' shop.json stock.json
    kill -9 $(processes "${victims[n % 3]}") 2>/dev/null || say "${victims[n % 3]} was not there"
    # cdc-transform too: it would wait for a source that was killed before it opened its FIFO.
    for pid in "$transform" $(for stage in "${stages[@]}"; do echo "$stage"; below "$stage"; done); do
        kill -$([ $((RANDOM % 2)) = 0 ] && echo TERM || echo KILL) "$pid" 2>/dev/null || true
    done
    for stage in "${stages[@]}"; do wait "$stage" || true; done
    sql "DELETE FROM visits WHERE ctid = (SELECT max(ctid) FROM visits); UPDATE orders SET item_id = $n WHERE id = $RANDOM"
    my "DELETE FROM moves LIMIT 3; UPDATE items SET title = 'new' WHERE id = $RANDOM" store
    ! grep -q '"snapshot":{' shop.json stock.json || read_in_part=$((read_in_part + 1))
done 2>>jobs.txt
say "$read_in_part kills while tables were read"
[ $read_in_part -ge 1 ] || fail "no kill while tables were read"
drain=60s
pipe --exit-at-end
for stage in "${stages[@]}"; do wait "$stage" || fail "a stage behind the kills"; done
expect "visits" "$(ch "SELECT count(), sum(visits) FROM counts FORMAT TSV")" "$(sql "SELECT count(*) || E'\t' || sum(n) FROM (SELECT count(*) n FROM visits GROUP BY item_id) x")"
expect "moves" "$(ch "SELECT count(), sum(moves) FROM moved FORMAT TSV")" "$(my "SELECT COUNT(*), SUM(n) FROM (SELECT COUNT(*) n FROM moves GROUP BY item_id) x" store)"
expect "orders of items" "$(ch "SELECT sum(n) FROM per_item FORMAT TSV")" "$(sql "SELECT count(*) FROM orders WHERE item_id BETWEEN 1 AND 200000")"
expect "both sources" "$(ch "SELECT count() FROM both_ FORMAT TSV")" "$(sql "SELECT count(DISTINCT item_id) FROM visits WHERE item_id < 2000")"
cdc-transform --views views.sql --state state --check 2>check.err || fail "--check"
