-- A table is dropped and made anew under its name while the pipe runs; rows follow.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: live
INSERT INTO t VALUES (3,'c');

DROP TABLE t; CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (9,'new');

INSERT INTO t VALUES (10,'newer');
