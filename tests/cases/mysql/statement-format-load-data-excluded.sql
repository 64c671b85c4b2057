-- LOAD DATA of a session in STATEMENT format writes an excluded table only; a failed one; then a captured one's rows.
-- expect: same-unmarked
-- options: both --exclude skip*
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1); CREATE TABLE skip1(name varchar(100), rest text); SET GLOBAL local_infile=1;
-- step: live
SET binlog_format=STATEMENT; LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE skip1 FIELDS TERMINATED BY ':' (name, @a, @b) SET rest=concat(@a, @b); SET binlog_format=ROW; INSERT INTO t VALUES (2,2);

SET binlog_format=STATEMENT; BEGIN; LOAD DATA LOCAL INFILE '/etc/passwd' IGNORE INTO TABLE skip1 CHARACTER SET utf8mb4 FIELDS TERMINATED BY ':' (name, rest); INSERT INTO skip1 VALUES ('x', 'y'); COMMIT; SET binlog_format=ROW; UPDATE t SET v=3;
