-- A table that a session in MIXED format makes with its rows, which are no rows in the log: the tool stops.
-- expect: refused 4 rows in STATEMENT format
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1);
-- step: live
SET binlog_format=MIXED; CREATE TABLE made(id int PRIMARY KEY, v int) SELECT * FROM t;
