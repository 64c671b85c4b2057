-- Rows of temporary tables of a session in MIXED format, which MariaDB logs as statements, are no captured rows.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1);
-- step: live
SET binlog_format=MIXED; CREATE TEMPORARY TABLE tmp(id int PRIMARY KEY, v int); INSERT INTO tmp VALUES (9,9),(10,10); UPDATE tmp SET v=v+1 WHERE id=9; DELETE FROM tmp WHERE id=10; INSERT INTO tmp SELECT id+50, v FROM t; DROP TEMPORARY TABLE tmp;

SET binlog_format=MIXED; CREATE TEMPORARY TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (20,1); REPLACE INTO t VALUES (20,2); UPDATE t SET v=4; DROP TEMPORARY TABLE t; SET binlog_format=ROW; INSERT INTO t VALUES (2,2);
