-- Rows that a session writes in STATEMENT format are no rows in the log: the tool stops.
-- expect: refused 4 rows in STATEMENT format
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1);
-- step: down
SET SESSION binlog_format=STATEMENT; UPDATE t SET v=2 WHERE id=1;
