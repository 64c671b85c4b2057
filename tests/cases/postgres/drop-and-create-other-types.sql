-- Made anew with other types under one name while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2);
-- step: down
INSERT INTO t VALUES (3,3); DROP TABLE t; CREATE TABLE t(id text PRIMARY KEY, v jsonb);
INSERT INTO t VALUES ('k','{}');
