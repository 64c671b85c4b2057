#!/usr/bin/env bash
# From a database to views in ClickHouse: through pipes, and through topics of three partitions. Under inserts,
# updates, deletes, changed keys and a truncate, and with cdc-transform killed in between, the views are what
# PostgreSQL's own SELECTs give, and through Kafka no reader sees half a transaction.
. "$(dirname "$0")/lib.sh"
start postgres kafka
create_db
B=$CDC_TEST_KAFKA_BROKERS
sql "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
     CREATE TABLE orders (id int PRIMARY KEY, customer_id int, amount numeric(12,2), note text, at timestamptz);
     CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
     INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 20) i;
     INSERT INTO orders SELECT i, i % 25, i * 1.01, repeat('x', i), '2024-02-29 12:00+00'::timestamptz + i * interval '1 s'
         FROM generate_series(1, 200) i;
     INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 9) i"
cat >views.sql <<'END'
CREATE VIEW details KEY (id) AS
    SELECT o.id, o.amount, o.at, length(o.note) AS letters, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id;
CREATE VIEW spent KEY (name) AS
    SELECT name, count(*) AS orders, sum(amount)::numeric(14,2) AS amount FROM details WHERE name IS NOT NULL
    GROUP BY name HAVING count(*) > 2;
CREATE VIEW idle KEY (id) AS
    SELECT c.id, c.name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id);
CREATE VIEW money KEY () AS SELECT sum(balance)::bigint AS total, count(*) AS accounts FROM accounts;
END
sed -E 's/CREATE VIEW (\w+) KEY \([^)]*\) AS/CREATE VIEW \1 AS/' views.sql | psql -q -d "$(pg_url)" -v ON_ERROR_STOP=1

change() { # SEED: transactions that touch every table, the same for the same seed
    sql "SELECT setseed($1);
         BEGIN; UPDATE accounts SET balance = balance - 7 WHERE id = 1 + (random() * 3)::int;
         UPDATE accounts SET balance = balance + (SELECT 900 - sum(balance) FROM accounts) WHERE id = 9; COMMIT;
         UPDATE orders SET customer_id = (random() * 25)::int, amount = amount + 0.01 WHERE id % 7 = (random() * 6)::int;
         DELETE FROM orders WHERE id % 31 = (random() * 30)::int;
         INSERT INTO orders SELECT 1000 * $1 + i, i % 30, i, NULL, now() FROM generate_series(1, 20) i ON CONFLICT DO NOTHING;
         BEGIN; DELETE FROM customers WHERE id = (random() * 20)::int;
         INSERT INTO customers VALUES (30 * random(), 'new') ON CONFLICT (id) DO UPDATE SET name = customers.name || '+';
         COMMIT;
         BEGIN; UPDATE orders SET id = id + 5000 WHERE id = (SELECT min(id) FROM orders);
         UPDATE customers SET name = name || '.' WHERE id = 3; COMMIT" >/dev/null
}
say "through pipes, cdc-transform killed once"
pipe() { # [--exit-at-end]
    { cdc-snapshot --source "$(pg_url)" --slot s --checkpoint pipe.json --create 2>>snapshot.err &&
        cdc-capture --source "$(pg_url)" --slot s --checkpoint pipe.json --checkpoint-interval 100ms \
            "$@" 2>>capture.err; } |
        cdc-transform --views views.sql --state state --checkpoint pipe.json 2>>transform.err |
        cdc-load --target "$TARGET" --checkpoint pipe.json 2>>load.err
}
pipe --exit-at-end || fail "the first run"
parity details spent idle money
for seed in 0.1 0.2 0.3; do
    change $seed
    if [ $seed = 0.2 ]; then
        pipe &
        pipe=$!
        for other in 0.21 0.22 0.23; do change $other; done
        middle() { below $pipe | xargs -r ps -o pid=,comm= -p | awk '$2 == "cdc-transform" { print $1; there = 1 } END { exit !there }'; }
        wait_until 20 middle
        kill -9 "$(middle)"
        wait $pipe && fail "a pipe without its middle ended well"
    fi
    pipe --exit-at-end || fail "the run behind change $seed"
    parity details spent idle money
done
sql "TRUNCATE orders"
pipe --exit-at-end || fail "the run behind the truncate"
parity details spent idle money
TARGET=chdb:$WORK/fresh

say "through topics of three partitions, from mark to mark"
sql "SELECT pg_drop_replication_slot('s'); DROP PUBLICATION IF EXISTS s" >/dev/null
publish() { # [--exit-at-end]
    { cdc-snapshot --source "$(pg_url)" --slot k --checkpoint pub.json --create 2>>snapshot.err &&
        cdc-capture --source "$(pg_url)" --slot k --checkpoint pub.json --checkpoint-interval 50ms \
            "$@" 2>>capture.err; } |
        cdc-publish --brokers "$B" --prefix shop --partitions 3 --marks --checkpoint pub.json 2>>publish.err
}
consume() {
    cdc-consume --brokers "$B" --prefix shop --topics 'shop.public.*' --marks --exit-at-end --checkpoint con.json 2>>consume.err |
        cdc-transform --views views.sql --state kstate --checkpoint con.json 2>>transform.err | tee -a views.ndjson |
        cdc-load --target "$TARGET" --checkpoint con.json 2>>load.err
}
publish --exit-at-end || fail "the first run"
consume || fail "the first reader"
parity details spent idle money
for seed in 0.4 0.5 0.6; do
    change $seed
    publish --exit-at-end || fail "the run behind change $seed"
    consume || fail "the reader behind change $seed"
    parity details spent idle money
done
expect "sums of money that was moved" "$(grep '"table":"money"' views.ndjson | grep '^{"key"' | jq .after.total | sort -u)" 900

say "views in topics have cuts too: their orders are not those of the marks' checkpoints"
cdc-consume --brokers "$B" --prefix shop --topics 'shop.public.*' --marks --exit-at-end 2>>consume.err |
    cdc-transform --views views.sql --state again --ack on-write 2>>transform.err |
    cdc-publish --brokers "$B" --prefix views --partitions 3 --marks 2>>publish.err || fail "views to topics"
TARGET=chdb:$WORK/views
cdc-consume --brokers "$B" --prefix views --topics 'views.views.*' --marks --exit-at-end --checkpoint views.json 2>>consume.err |
    cdc-load --target "$TARGET" --checkpoint views.json 2>>load.err || fail "views from topics"
parity details spent idle money
expect "acknowledged" "$(jq -r .checkpoint.kind views.json)" kafka
TARGET=chdb:$WORK/fresh

say "a snapshot that takes its time: all that says where it begins and ends is in one partition, in its order"
"$HERE/kafka_lines.py" --rows 3 --keys 3 --whole | while IFS= read -r line; do
    echo "$line"
    sleep 0.1
done | cdc-publish --brokers "$B" --prefix slow --partitions 9 2>>publish.err || fail "cdc-publish"
expect "partitions" "$(kcat -q -b "$B" -C -t slow.public.t0 -o beginning -e -f '%p %s\n' | grep '{"snapshot"' |
    sed -E 's/^([0-9]+) .*"status":"([a-z]+)".*/\1 \2/' | tr '\n' ';')" "0 begin;0 end;"

say "the README's five commands"
sql "CREATE DATABASE inventory2" >/dev/null
DB=inventory2
sql "CREATE TABLE orders (id int PRIMARY KEY, customer text, total numeric(10,2));
     INSERT INTO orders SELECT i, 'customer' || i % 5, i FROM generate_series(1, 50) i"
sed -n '/^<!-- a view that follows -->/,/^<!-- end -->/s/^\$ //p' "$ROOT/README.md" |
    sed "s|psql inventory |psql -q $(pg_url) |" >commands
expect "commands" "$(wc -l <commands)" 5
mkdir -p readme/state # as the commands before them leave the folder
(cd readme && CDC_SOURCE=$(pg_url) CDC_CHECKPOINT=state/spent.json bash -euo pipefail ../commands >../answer 2>../readme.err) ||
    fail "a command of the README"
expect "the view" "$(tail -n 5 answer | sort | tr '\t' ' ' | tr '\n' ';')" \
    "$(sql "SELECT customer || ' ' || count(*) || ' ' || sum(total)::float8 FROM orders GROUP BY customer ORDER BY 1" | tr '\n' ';')"
