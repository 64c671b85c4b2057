-- Columns are added and dropped instantly, at places in the middle: the rows that are there keep their old form.
-- expect: same-or-marked
-- on: mysql
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, b int, c int); INSERT INTO t VALUES (1,1,1,1),(2,2,2,2),(3,3,3,3);
CREATE TABLE u(id int PRIMARY KEY, a int, b int, c int); INSERT INTO u VALUES (1,1,1,1),(2,2,2,2),(3,3,3,3);
-- step: live
ALTER TABLE t DROP COLUMN b, ALGORITHM=INSTANT; ALTER TABLE t ADD COLUMN d int DEFAULT 9 AFTER id, ALGORITHM=INSTANT;

UPDATE t SET c=10 WHERE id=1; DELETE FROM t WHERE id=2; INSERT INTO t VALUES (4,4,4,4);
-- step: down
ALTER TABLE u DROP COLUMN b, ALGORITHM=INSTANT; UPDATE u SET c=10 WHERE id=1; ALTER TABLE u ADD COLUMN b int, ALGORITHM=INSTANT; DELETE FROM u WHERE id=2; INSERT INTO u VALUES (4,4,4,4);
