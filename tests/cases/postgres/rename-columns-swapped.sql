-- Two columns of one type swap their names while the pipe is behind.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1,10,20),(2,11,21);
-- step: down
INSERT INTO t VALUES (3,12,22); ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b; INSERT INTO t VALUES (4,23,13);
