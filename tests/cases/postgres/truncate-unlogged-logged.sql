-- The bulk load trick in one transaction: TRUNCATE, SET UNLOGGED, rows, SET LOGGED.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: live
BEGIN; TRUNCATE t; ALTER TABLE t SET UNLOGGED; INSERT INTO t VALUES (7,'bulk'),(8,'bulk'); ALTER TABLE t SET LOGGED; COMMIT;

INSERT INTO t VALUES (9,'after');
