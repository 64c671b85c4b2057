-- UPDATE and DELETE of several tables, REPLACE, ON DUPLICATE KEY UPDATE, INSERT … SELECT.
-- expect: same-unmarked
-- step: before
CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, n int, v varchar(10)); CREATE TABLE u (id int PRIMARY KEY, n int, UNIQUE (n));
INSERT INTO t(n, v) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'); INSERT INTO u VALUES (1, 1), (2, 2), (3, 3);
-- step: live
UPDATE t JOIN u ON t.id = u.id SET t.v = 'j', u.n = u.n + 10;

DELETE t, u FROM t JOIN u ON t.id = u.id WHERE t.id = 1;

DELETE FROM t USING t JOIN u ON t.id = u.id WHERE u.id = 2;

REPLACE INTO u VALUES (7, 13); INSERT INTO u VALUES (8, 13) ON DUPLICATE KEY UPDATE id = 80;
-- step: down
UPDATE t SET v = 'w' WHERE id IN (SELECT 3);
DELETE FROM t ORDER BY id DESC LIMIT 1;
INSERT INTO t(n, v) SELECT n, v FROM t;
