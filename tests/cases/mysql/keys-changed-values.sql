-- Rows change their keys: to a free one, in a chain, in a swap, and a deleted key comes back.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d');
CREATE TABLE k(a int, b varchar(5), v int, PRIMARY KEY (a, b)); INSERT INTO k VALUES (1,'x',1),(1,'y',2),(2,'x',3);
-- step: live
UPDATE t SET id=id+1 ORDER BY id DESC;

BEGIN; UPDATE t SET id=100 WHERE id=2; UPDATE t SET id=2 WHERE id=3; UPDATE t SET id=3 WHERE id=100; COMMIT;

DELETE FROM t WHERE id=2; INSERT INTO t VALUES (2,'again'); REPLACE INTO t VALUES (3,'replaced'); INSERT INTO t VALUES (4,'x') ON DUPLICATE KEY UPDATE id=40, v='dup';
-- step: down
UPDATE k SET b='z' WHERE b='y'; UPDATE k SET a=a+10; UPDATE IGNORE k SET b='x'; DELETE FROM k WHERE b='z'; INSERT INTO k VALUES (1,'y',7);
