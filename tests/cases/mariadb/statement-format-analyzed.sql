-- MariaDB runs the statement that it analyzes.
-- expect: refused 4 rows in STATEMENT format
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1);
-- step: down
SET binlog_format=STATEMENT; ANALYZE FORMAT=JSON UPDATE t SET v=2;
