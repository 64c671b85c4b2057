# The views of a small shop as a job of Flink: joins, groups, anti-joins, what it does not have.
cat >views.sql <<'END'
TYPE orders.discount decimal(10,4);
CREATE VIEW details KEY (id) AS
SELECT o.id, o.amount - 0.05 AS amount, c.name, o.at - INTERVAL '2 hours' AS early, o.discount
FROM orders o LEFT JOIN customers c ON c.id = o.customer_id
WHERE o.note IS DISTINCT FROM 'it''s void' AND o.amount BETWEEN 1 AND 99.5 AND NOT o.note LIKE 'x%';
CREATE VIEW by_day KEY (day) AS
SELECT date_trunc('day', early) AS day, count(*) AS orders, sum(amount) AS amount,
       sum(CASE WHEN name IS NULL THEN 1 ELSE 0 END) FILTER (WHERE amount > 2) AS unknown, sum(id) AS ids
FROM details GROUP BY 1 HAVING count(DISTINCT name) >= 1;
CREATE VIEW idle KEY (id) AS
SELECT id, upper(name) AS name FROM customers c
WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) AND id NOT IN (3, 5);
CREATE VIEW dear KEY (id) AS
SELECT o.id, d.amount FROM orders o JOIN details d ON d.id = o.id WHERE d.amount > o.discount;
CREATE VIEW names KEY (name) AS SELECT name FROM customers UNION SELECT note FROM orders;
CREATE VIEW ranked PARTITION (customer_id) AS
SELECT customer_id, id, row_number() OVER (PARTITION BY customer_id ORDER BY id) AS place FROM orders;
CREATE VIEW firsts KEY (customer_id) AS SELECT customer_id, id FROM ranked WHERE place = 1;
CREATE VIEW cut KEY (id) AS
SELECT id,
       CAST(amount AS integer) AS amount FROM orders;
CREATE VIEW notes PARTITION (note) AS SELECT note FROM orders;
CREATE VIEW last_ones KEY (id) FULL AS SELECT id FROM orders ORDER BY id LIMIT 3;
END
cat >lines <<'END'
{"table":{"name":"public.orders","version":"1","columns":[{"name":"id","type":"bigint","nullable":false,"key":1},{"name":"customer_id","type":"integer","nullable":true},{"name":"amount","type":"numeric(12,2)","nullable":true,"precision":12,"scale":2},{"name":"note","type":"text","nullable":true},{"name":"at","type":"timestamp without time zone","nullable":true},{"name":"discount","type":"numeric","nullable":true}]},"source":{"connector":"postgresql","name":"shop","ts_ms":1,"db":"d","schema":"public","table":"orders","order":"00010000000000001000000000000000"},"ts_ms":1}
{"table":{"name":"public.customers","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"name","type":"text","nullable":true}]},"source":{"connector":"postgresql","name":"shop","ts_ms":1,"db":"d","schema":"public","table":"customers","order":"00010000000000001000000000000000"},"ts_ms":1}
END
cdc-transform --views views.sql --print-flink-sql --brokers k1:9092 <lines
cdc-transform --views views.sql --print-flink-sql <lines
cdc-transform --views views.sql --print-flink-sql --brokers k1:9092 </dev/null
