-- Temporary tables hide captured ones of their names; sessions in MIXED and STATEMENT format have them in the log.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2);
CREATE TABLE u(id int PRIMARY KEY, v int); INSERT INTO u VALUES (1,1),(2,2);
-- step: live
SET SESSION binlog_format=MIXED; CREATE TEMPORARY TABLE t(id int); TRUNCATE TABLE t; ALTER TABLE t ADD w int; DROP TABLE t; SET SESSION binlog_format=ROW; INSERT INTO t VALUES (3,3);

SET SESSION binlog_format=STATEMENT; CREATE TEMPORARY TABLE u(id int); TRUNCATE TABLE u; ALTER TABLE u RENAME TO u3; TRUNCATE u3; DROP TABLE u3; TRUNCATE u; SET SESSION binlog_format=ROW; INSERT INTO u VALUES (4,4);
-- step: down
CREATE TEMPORARY TABLE t(id int); TRUNCATE TABLE t; ALTER TABLE t ADD w int; DROP TABLE t;
