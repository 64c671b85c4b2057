-- Inserts, updates, deletes, key changes, tables without key, a truncate, a shape that changes.
CREATE TABLE orders (id int PRIMARY KEY, quantity int unsigned, price decimal(10,2), note varchar(50)) CHARSET utf8mb4;
INSERT INTO orders VALUES (1, 4294967295, 12.5, 'é "x"'), (2, NULL, NULL, NULL);
BEGIN; UPDATE orders SET note = 'y' WHERE id = 1; UPDATE orders SET id = 3 WHERE id = 2; DELETE FROM orders WHERE id = 3; COMMIT;
CREATE TABLE keyless (a int, b varchar(10)) CHARSET latin1;
INSERT INTO keyless VALUES (1, 'ä'), (1, 'ä');
UPDATE keyless SET a = 2 LIMIT 1;
CREATE TABLE pair (b varchar(10) CHARSET utf8mb4, v int, a int, PRIMARY KEY (a, b));
INSERT INTO pair VALUES ('x', 1, 7);
ALTER TABLE orders ADD COLUMN extra datetime(3) NULL;
INSERT INTO orders VALUES (4, 1, 1, 'z', '2025-07-21 10:00:00.5');
CREATE TABLE skipped (id int PRIMARY KEY);
BEGIN; INSERT INTO skipped VALUES (1), (2); INSERT INTO orders (id) VALUES (5); COMMIT;
TRUNCATE TABLE orders;
INSERT INTO orders (id) VALUES (6);
SET SESSION binlog_row_image = MINIMAL;
UPDATE orders SET note = 'minimal' WHERE id = 6;
