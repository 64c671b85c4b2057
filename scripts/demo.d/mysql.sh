# make demo SOURCE=mysql (or mariadb): the same steps from another database; sourced by scripts/demo, and all of it.
sql() { mariadb --no-defaults -h 127.0.0.1 -P "$port" -u root inventory "$@"; }
acknowledged() { jq -r '.checkpoint.snapshot' state.json 2>/dev/null || true; }
# Until the checkpoint file stands behind everything that is in the log now.
all_loaded() {
    local end
    end=$(sql -NB -e 'SHOW MASTER STATUS' | awk '{ print $1 ":" $2 }')
    for _ in $(seq 300); do
        [ "$(jq -r .checkpoint.position state.json)" = "$end" ] && return
        kill -0 "$pipe" 2>/dev/null || { echo "the pipe ended early" >&2; exit 1; }
        sleep 0.1
    done
    echo "the target did not come to $end: $(cat state.json)" >&2
    exit 1
}

step "1. A private $SOURCE server whose 'inventory' database has been in use for a while"
"$root/scripts/services" start "$SOURCE"
eval "$("$root/scripts/services" env "$SOURCE")"
[ "$SOURCE" = mysql ] && url=$CDC_TEST_MYSQL_URL || url=$CDC_TEST_MARIADB_URL
port=${url##*:}
mariadb --no-defaults -h 127.0.0.1 -P "$port" -u root -e 'CREATE DATABASE inventory CHARACTER SET utf8mb4'
sql <<'SQL'
CREATE TABLE n (n int PRIMARY KEY);
INSERT INTO n WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 1000) SELECT n FROM s;
CREATE TABLE customers (id int unsigned PRIMARY KEY AUTO_INCREMENT, name varchar(100), email varchar(100) UNIQUE,
                        created_at timestamp(6) DEFAULT now(6));
CREATE TABLE products (id int PRIMARY KEY AUTO_INCREMENT, name varchar(100), kind enum('book', 'film', 'game'),
                       price decimal(10,2));
CREATE TABLE orders (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, order_date date, purchaser int unsigned, quantity int,
                     product_id int);
INSERT INTO customers (name, email) SELECT CONCAT('Customer ', n), CONCAT('user', n, '@example.com') FROM n;
INSERT INTO products (name, kind, price) SELECT CONCAT('Product ', n), 1 + n % 3, n * 1.37 FROM n WHERE n <= 200;
INSERT INTO orders (order_date, purchaser, quantity, product_id)
    SELECT '2025-01-01' + INTERVAL a.n % 365 DAY, 1 + a.n % 1000, 1 + b.n % 9, 1 + a.n % 200 FROM n a, n b WHERE b.n <= 200;
DROP TABLE n;
SQL
echo "   customers holds 1,000 rows, products 200, orders 200,000"

step "2. The pipe: one shell line, first what is there, then what comes"
export CDC_SOURCE=$url/inventory CDC_CHECKPOINT=state.json # CDC_<OPTION>: any option
show "{ cdc-snapshot && cdc-capture; } | cdc-load --target chdb:clickhouse"
cd "$work"
set -m # a process group of its own, as a terminal gives to a pipe
{
    set +e
    trap : INT # the shell itself stays, to say how the stages ended
    { cdc-snapshot && cdc-capture; } | cdc-load --target chdb:clickhouse
    echo "${PIPESTATUS[*]}" >exit-codes
} &
pipe=$!
set +m

step "3. Work in $SOURCE meanwhile, beside the snapshot and beside the stream"
sql -e "UPDATE orders SET quantity = quantity + 1 WHERE id % 100 = 0; DELETE FROM orders WHERE id % 250 = 0"
echo "   updated 2,000 orders and deleted 800"
for _ in $(seq 600); do
    [ "$(acknowledged)" = done ] && break
    kill -0 $pipe 2>/dev/null || { echo "the pipe ended early" >&2; exit 1; }
    sleep 0.1
done
sql <<'SQL'
INSERT INTO orders (order_date, purchaser, quantity, product_id)
    SELECT order_date + INTERVAL 1 YEAR, purchaser, quantity, product_id FROM orders LIMIT 20000;
UPDATE products SET price = price * 1.1 WHERE id % 7 = 0;
UPDATE customers SET id = id + 100000 WHERE id % 100 = 0;
SQL
echo "   inserted 20,000 orders, updated 28 products, changed the key of 10 customers"
all_loaded

step "4. Stop the pipe as Ctrl-C does: it drains, and every stage says how it ended"
kill -INT -- -$pipe
wait $pipe 2>/dev/null || true
pipe=
echo "   exit codes of its stages: $(cat exit-codes)"
grep -qxE '0( 0)+' exit-codes
echo "   checkpoint file: $(cut -c1-150 state.json)…"

step "5. Ask ClickHouse"
show "SELECT count(), sum(quantity) FROM orders"
clickhouse "SELECT count() AS orders, sum(quantity) AS units FROM orders FORMAT PrettyCompactMonoBlock" | sed 's/^/   /'

step "6. The same rows on both sides?"
export CDC_TARGET=chdb:clickhouse
unset CDC_CHECKPOINT # verify and lag ask the target itself
show "cdc-verify"
cdc-verify | sed 's/^/   /'

step "7. On time?"
show "cdc-lag --max-bytes 1M --max-seconds 60"
cdc-lag --max-bytes 1M --max-seconds 60 | sed 's/^/   /'

step "Done: source and target are the same. Nothing is left running."
exit
