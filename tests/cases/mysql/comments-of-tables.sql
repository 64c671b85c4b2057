-- Comments of tables and columns that look like what the log itself adds to a statement.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1);
-- step: live
CREATE TABLE u(id int PRIMARY KEY) COMMENT 'START TRANSACTION'; INSERT INTO u VALUES (1);

CREATE TABLE w(id int PRIMARY KEY COMMENT 'START TRANSACTION') AS SELECT 5 AS id; INSERT INTO t VALUES (2,2);
-- step: down
INSERT INTO t VALUES (3,3);
