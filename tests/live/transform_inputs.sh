#!/usr/bin/env bash
# cdc-transform over two sources: tables of PostgreSQL and of MySQL joined in one view, each source with its input and
# its checkpoint file. Under changes on both sides, and with stages of both killed at random, the views are what
# PostgreSQL gives for the same SELECTs over a copy of all tables. A source that stands does not hold up the other.
# CDC_TEST_SEED repeats a run's choices; CDC_TEST_SOAK=1: 60 kills.
. "$(dirname "$0")/lib.sh"
start postgres mysql
KILLS=$([ -n "$SOAK" ] && echo 60 || echo 8)
RANDOM=${CDC_TEST_SEED:=$RANDOM}
say "seed $CDC_TEST_SEED, $KILLS kills"
create_db
sql postgres "CREATE DATABASE joined"
my() { mariadb --no-defaults -h 127.0.0.1 -P "${CDC_TEST_MYSQL_URL##*:}" -u root -NB -e "$1" "${@:2}"; }
my "CREATE DATABASE store"
orders="CREATE TABLE orders (id int PRIMARY KEY, item_id int, quantity int NOT NULL, amount numeric(12,2), note text)"
items="CREATE TABLE items (id int PRIMARY KEY, title varchar(40), price decimal(10,2))"
sql "$orders; CREATE TABLE notes (id int PRIMARY KEY, word text);
     INSERT INTO orders SELECT i, i % 25, i % 4, i * 1.01, repeat('x', i) FROM generate_series(1, 200) i;
     INSERT INTO notes SELECT i, 'here ' || i FROM generate_series(1, 20) i"
my "$items; CREATE TABLE notes (id int PRIMARY KEY, word varchar(40));
    SET @n = 0; INSERT INTO items SELECT @n := @n + 1, CONCAT('item ', @n), @n / 3 FROM information_schema.columns LIMIT 30;
    INSERT INTO notes SELECT id, CONCAT('there ', id) FROM items WHERE id % 2 = 0" store
cat >views.sql <<'END'
CREATE VIEW details KEY (id) AS
    SELECT o.id, o.quantity, o.amount, length(o.note) AS letters, i.title, i.price
    FROM orders o LEFT JOIN items i ON i.id = o.item_id;
CREATE VIEW sold KEY (item_id) AS
    SELECT i.id AS item_id, count(*) AS orders, sum(o.quantity * i.price)::numeric(14,2) AS worth
    FROM public.orders o JOIN store.items i ON i.id = o.item_id GROUP BY i.id HAVING count(*) > 2;
CREATE VIEW unsold KEY (id) AS
    SELECT i.id, i.title FROM items i WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.item_id = i.id);
CREATE VIEW words KEY (id) AS
    SELECT a.id, a.word AS here, b.word AS there FROM shop.public.notes a JOIN stock.store.notes b ON b.id = a.id;
END
sql joined "CREATE SCHEMA store; $orders; ${items/items/store.items}; CREATE SCHEMA shop; CREATE SCHEMA stock;
    CREATE TABLE shop.notes (id int PRIMARY KEY, word text); CREATE TABLE stock.notes (id int PRIMARY KEY, word text)"
sed -E 's/CREATE VIEW (\w+) KEY \([^)]*\) AS/CREATE VIEW \1 AS/; s/shop\.public\./shop./; s/stock\.store\./stock./' views.sql |
    PGOPTIONS="-c search_path=public,store" psql -q -d "$(pg_url joined)" -v ON_ERROR_STOP=1

copy() { # FROM_TABLE TO_TABLE: of PostgreSQL
    psql -q -d "$(pg_url)" -c "COPY $1 TO STDOUT" | psql -q -d "$(pg_url joined)" -c "TRUNCATE $2" -c "COPY $2 FROM STDIN"
}
copy_my() {
    my "SELECT * FROM $1" store | psql -q -d "$(pg_url joined)" -c "TRUNCATE $2" -c "COPY $2 FROM STDIN (NULL 'NULL')"
}
same() {
    copy orders orders
    copy notes shop.notes
    copy_my items store.items
    copy_my notes stock.notes
    DB=joined parity details sold unsold words
}
mkfifo shop.fifo stock.fifo
drain=60s # enough for a busy machine
sources() { # NAME SOURCE OPTIONS…: runs until killed, or with --exit-at-end
    local name=$1 source=$2 slot=()
    shift 2
    [ $name != shop ] || slot=(--slot s)
    cdc-snapshot --source "$source" "${slot[@]}" --checkpoint $name.json $([ $name != shop ] || echo --create) --drain $drain 2>>$name-snapshot.err &&
        exec cdc-capture --source "$source" "${slot[@]}" --checkpoint $name.json --checkpoint-interval 50ms --drain $drain "$@" 2>>$name-capture.err
}
transform() {
    cdc-transform --views views.sql --state state --input shop="${SHOP:-shop.fifo}" --input stock="${STOCK:-stock.fifo}" \
        --checkpoint shop=shop.json --checkpoint stock=stock.json --drain $drain "$@" 2>>transform.err
}
# Sets the process of each stage.
pipe() { # [--exit-at-end]
    stages=()
    if [ -z "${SHOP:-}" ]; then sources shop "$(pg_url)" "$@" >shop.fifo & stages+=($!); fi
    if [ -z "${STOCK:-}" ]; then sources stock "$CDC_TEST_MYSQL_URL/store" "$@" >stock.fifo & stages+=($!); fi
    transform | tee -a views.ndjson | cdc-load --target "$TARGET" --checkpoint shop=shop.json --checkpoint stock=stock.json 2>>load.err &
    stages+=($!)
    transform=$(jobs -p %%) # the first of the pipeline
}
finished() { # all stages of a pipe with --exit-at-end
    local stage
    for stage in "${stages[@]}"; do wait "$stage" || fail "a stage of $1"; done
}
change_pg() {
    sql "SELECT setseed($RANDOM / 32768.0);
         UPDATE orders SET item_id = (random() * 30)::int, amount = amount + 0.01 WHERE id % 7 = (random() * 6)::int;
         DELETE FROM orders WHERE id % 31 = (random() * 30)::int;
         INSERT INTO orders SELECT (random() * 400)::int, i, i, i, NULL FROM generate_series(1, 8) i ON CONFLICT DO NOTHING;
         BEGIN; UPDATE orders SET id = (SELECT max(id) + 1 FROM orders) WHERE id = (SELECT min(id) FROM orders);
         UPDATE notes SET word = word || '.' WHERE id % 3 = (random() * 2)::int; COMMIT;
         DELETE FROM notes WHERE id = (random() * 20)::int; INSERT INTO notes VALUES ((random() * 20)::int, 'new') ON CONFLICT DO NOTHING" >/dev/null
}
change_my() {
    my "UPDATE items SET price = price + 0.01, title = CONCAT('item ', id, '.', $RANDOM) WHERE id % 5 = $RANDOM % 5;
        DELETE FROM items WHERE id = $RANDOM % 31; REPLACE INTO items VALUES ($RANDOM % 31, 'new', 1.5);
        START TRANSACTION; UPDATE IGNORE items SET id = $RANDOM % 40 WHERE id = $RANDOM % 31;
        DELETE FROM notes WHERE id = $RANDOM % 20; REPLACE INTO notes VALUES ($RANDOM % 20, 'there'); COMMIT" store
}

say "the first run"
pipe --exit-at-end
finished "the first run"
same
expect "inputs of the checkpoint lines" "$(grep '^{"checkpoint"' views.ndjson | jq -r .input | sort -u | tr '\n' ' ')" "shop stock "
expect "the file of PostgreSQL" "$(jq -r '.input + " " + .checkpoint.kind' shop.json)" "shop postgres"
expect "the file of MySQL" "$(jq -r '.input + " " + .checkpoint.kind' stock.json)" "stock mysql"

say "each source alone is ahead of the other"
change_pg
STOCK=/dev/null pipe --exit-at-end
finished "PostgreSQL alone"
expect_words transform.err "input stock has ended"
change_my
SHOP=/dev/null pipe --exit-at-end
finished "MySQL alone"
same

say "kills"
load() {
    while [ ! -e enough ]; do
        change_pg
        change_my
        sleep 0.05
    done
}
load &
load=$!
drain=5s # nobody acknowledges behind a kill
process() { below "$$" | xargs -r ps -o pid=,comm= -p | awk -v name="$1" '$2 == name { print $1 }'; }
victims=(source-of-shop source-of-stock cdc-transform cdc-load)
for n in $(seq "$KILLS"); do
    pipe
    sleep "$((1 + RANDOM % 2)).$((RANDOM % 10))"
    victim=${victims[n % 4]}
    case $victim in
    *shop) pid=${stages[0]} ;;
    *stock) pid=${stages[1]} ;;
    *) pid=$(process $victim) ;;
    esac
    kill -9 $pid 2>/dev/null || say "$victim was not there"
    sleep "0.$((RANDOM % 10))"
    # cdc-transform too: it would wait for a source that was killed before it opened its FIFO.
    for pid in "$transform" $(below "$transform"; for stage in "${stages[@]}"; do echo "$stage"; below "$stage"; done); do kill -TERM "$pid" 2>/dev/null || true; done
    for stage in "${stages[@]}"; do wait "$stage" || true; done
done
touch enough
wait $load || fail "the load"
drain=60s
pipe --exit-at-end
finished "the run behind the kills"
same
say "$(grep -c '^{"key"' views.ndjson) lines of views, $(grep -c '^{"checkpoint"' views.ndjson) checkpoint lines"
cdc-transform --views views.sql --state state --check 2>check.err || fail "--check"

say done
