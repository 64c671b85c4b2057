-- A table is renamed, gets a row, and has its old name again, while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'); CREATE TABLE u(id int PRIMARY KEY);
-- step: down
ALTER TABLE t RENAME TO t2; INSERT INTO t2 VALUES (2,'b'); ALTER TABLE t2 RENAME TO t; INSERT INTO u VALUES (1);
