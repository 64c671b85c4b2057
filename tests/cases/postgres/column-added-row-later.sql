-- A column is added, seen without a row, and rows come later; another one comes with its row at once.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int); INSERT INTO t VALUES (1,2);
-- step: down
ALTER TABLE t ADD b int DEFAULT 5;
-- step: live
ALTER TABLE t ADD c text;

SELECT pg_sleep(2.5);

INSERT INTO t VALUES (2,3,4,'c');

ALTER TABLE t ADD d text; INSERT INTO t VALUES (3,3,4,'c','d');

UPDATE t SET b = 6 WHERE id = 1;
