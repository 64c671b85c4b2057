-- XA transactions: committed behind others, rolled back, of one phase, larger than what is kept in memory, with uncaptured rows.
CREATE TABLE orders (id int PRIMARY KEY, note varchar(20)) CHARSET utf8mb4;
CREATE TABLE skipped (id int PRIMARY KEY);
XA START 'a', 'b', 7; INSERT INTO orders VALUES (1, 'late'); INSERT INTO skipped VALUES (1), (2); INSERT INTO orders VALUES (2, 'late'); XA END 'a', 'b', 7; XA PREPARE 'a', 'b', 7;
XA COMMIT 'a', 'b', 7;
XA START 'gone'; INSERT INTO orders VALUES (3, 'gone'); XA END 'gone'; XA PREPARE 'gone'; XA ROLLBACK 'gone';
XA START 'one'; UPDATE orders SET note = 'one' WHERE id = 1; XA END 'one'; XA COMMIT 'one' ONE PHASE;
XA START 'key'; UPDATE orders SET id = 4 WHERE id = 2; XA END 'key'; XA PREPARE 'key'; XA COMMIT 'key';
