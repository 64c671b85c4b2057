-- What ecommerce-stream keeps current, in cdc-transform's view file. PostgreSQL answers the same SELECTs.

-- What the items of an order come to.
CREATE VIEW order_amounts KEY (order_id) AS
SELECT order_id, sum(quantity * price) AS amount, sum(quantity) AS units, count(*) AS items
FROM order_items GROUP BY order_id;

-- Orders with their customer and their amount.
CREATE VIEW processed_orders KEY (order_id) AS
SELECT o.id AS order_id, o.created_at AS ordered_at, o.purchaser AS customer_id, c.first_name, c.last_name,
       a.items, a.units, a.amount
FROM orders o
JOIN customers c ON c.id = o.purchaser
JOIN order_amounts a ON a.order_id = o.id;

CREATE VIEW stock KEY (product_id) AS
SELECT product_id, sum(quantity) AS units FROM inventory_movements GROUP BY product_id;

-- Products whose stock is below the reorder level.
CREATE VIEW inventory_alerts KEY (product_id) AS
SELECT p.id AS product_id, p.name, s.units AS stock, p.reorder_level, p.reorder_level - s.units AS missing
FROM products p JOIN stock s ON s.product_id = p.id
WHERE s.units < p.reorder_level;

-- Revenue, orders and units of each minute.
CREATE VIEW business_metrics KEY (minute) AS
SELECT date_trunc('minute', ordered_at) AS minute, count(*) AS orders, sum(units) AS units, sum(amount) AS revenue,
       count(DISTINCT customer_id) AS customers
FROM processed_orders GROUP BY date_trunc('minute', ordered_at);

-- The same of each product, over all time.
CREATE VIEW product_metrics KEY (product_id) AS
SELECT product_id, count(DISTINCT order_id) AS orders, sum(quantity) AS units, sum(quantity * price) AS revenue
FROM order_items GROUP BY product_id;

-- Fraud: the fifth and further order of a customer within ten minutes.
CREATE VIEW fraud_many_orders KEY (order_id) AS
SELECT o.id AS order_id, o.purchaser AS customer_id, o.created_at AS ordered_at, count(*) AS orders
FROM orders o
JOIN orders p ON p.purchaser = o.purchaser AND p.created_at <= o.created_at
             AND p.created_at > o.created_at - INTERVAL '10 minutes'
GROUP BY o.id, o.purchaser, o.created_at
HAVING count(*) >= 5;

CREATE VIEW customer_totals KEY (customer_id) AS
SELECT customer_id, count(*) AS orders, sum(amount) AS amount FROM processed_orders GROUP BY customer_id;

-- Fraud: an order of more than five times what the customer's other orders come to on average, once there are three.
-- Multiplied out, so that it is exact: amount > 5 * (total - amount) / (orders - 1).
CREATE VIEW fraud_large_amounts KEY (order_id) AS
SELECT o.order_id, o.customer_id, o.ordered_at, o.amount, t.orders - 1 AS other_orders, t.amount - o.amount AS other_amount
FROM processed_orders o JOIN customer_totals t ON t.customer_id = o.customer_id
WHERE t.orders > 3 AND o.amount * (t.orders - 1) > 5 * (t.amount - o.amount);

-- Customer behaviour by session: a session ends when nothing comes for 30 minutes. A new event can join two sessions,
-- so all sessions of a customer are one partition.
CREATE VIEW customer_sessions PARTITION (customer_id) AS
WITH steps AS (
    SELECT customer_id, id, kind, page, created_at,
           CASE WHEN created_at - lag(created_at) OVER (PARTITION BY customer_id ORDER BY created_at, id)
                     <= INTERVAL '30 minutes' THEN 0 ELSE 1 END AS begins
    FROM customer_activity
), numbered AS (
    SELECT customer_id, kind, page, created_at,
           sum(begins) OVER (PARTITION BY customer_id ORDER BY created_at, id) AS session
    FROM steps
)
SELECT customer_id, session, min(created_at) AS began, max(created_at) AS ended, count(*) AS events,
       count(DISTINCT page) AS pages, sum(CASE WHEN kind = 'cart' THEN 1 ELSE 0 END) AS carts
FROM numbered GROUP BY customer_id, session;
