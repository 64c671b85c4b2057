-- A generated column in the primary key, under REPLICA IDENTITY FULL: the table is one without key.
-- expect: same
-- check: SELECT count(*) FROM t ==> SELECT count(*) FROM t
-- step: before
CREATE TABLE t (a int, b int, g int GENERATED ALWAYS AS (b * 2) STORED, PRIMARY KEY (a, g));
ALTER TABLE t REPLICA IDENTITY FULL;
INSERT INTO t VALUES (1, 1), (1, 2);
-- step: live
INSERT INTO t VALUES (1, 3), (2, 2);

UPDATE t SET b = b + 10 WHERE b = 1;

DELETE FROM t WHERE b = 2 AND a = 1;
