-- A session in STATEMENT format fills an excluded table from a captured one, which it only reads.
-- expect: same-unmarked
-- options: both --exclude skip*
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2); CREATE TABLE skip1(id int PRIMARY KEY, v int);
-- step: live
SET binlog_format=STATEMENT; INSERT INTO skip1 SELECT * FROM t; REPLACE INTO skip1 SELECT id, v + 1 FROM t; INSERT IGNORE skip1(id, v) SELECT max(id) + 10, 1 FROM t; SET binlog_format=ROW; INSERT INTO t VALUES (3,3);
