-- MariaDB leaves virtual columns out of short images: what they became is not known.
-- expect: refused 4 virtual column
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, b int AS (a*2) VIRTUAL); INSERT INTO t(id,a) VALUES (1,1),(2,2);
-- step: live
SET binlog_row_image=MINIMAL; UPDATE t SET a=10 WHERE id=1;
