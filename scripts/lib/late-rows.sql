-- What generate-load does not do: orders in quick succession, one far too large, rows that come late, keys that move.
SET search_path = inventory;
INSERT INTO orders (purchaser) SELECT 13 FROM generate_series(1, 8);
INSERT INTO order_items (order_id, product_id, quantity, price)
    SELECT id, 3, 1, 10 FROM orders WHERE purchaser = 13 AND quantity IS NULL;
INSERT INTO orders (purchaser, order_date) VALUES (17, '1999-01-01');
INSERT INTO order_items (order_id, product_id, quantity, price)
    SELECT id, 4, 100, 9999.99 FROM orders WHERE order_date = '1999-01-01';
INSERT INTO customer_activity (customer_id, kind, page, created_at)
    SELECT customer_id, 'view', '/late', created_at - interval '20 minutes' FROM customer_activity WHERE id % 50 = 0;
DELETE FROM customer_activity WHERE id % 11 = 0;
UPDATE order_items i SET order_id = (SELECT min(o.id) FROM orders o WHERE o.id > i.order_id) WHERE order_id BETWEEN 20 AND 30;
