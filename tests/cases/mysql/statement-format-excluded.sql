-- A session in STATEMENT format writes an excluded table only; events of the scheduler.
-- expect: same-or-marked
-- options: both --exclude skip*
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1); CREATE TABLE skip1(id int PRIMARY KEY, v int);
-- step: live
SET binlog_format=STATEMENT; INSERT INTO skip1 VALUES (1,1); UPDATE skip1 SET v=2; CREATE TABLE skip2 LIKE skip1; INSERT INTO skip2 SELECT * FROM skip1; DROP TABLE skip2; TRUNCATE skip1; SET binlog_format=ROW; INSERT INTO t VALUES (2,2);
