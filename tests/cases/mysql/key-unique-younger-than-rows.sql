-- Tables made while nothing ran; their unique keys are younger than their changes.
-- expect: same
-- step: before
CREATE TABLE z(id int PRIMARY KEY);
-- step: down
CREATE TABLE t(a int NOT NULL, v int); INSERT INTO t VALUES (1,1),(1,2); DELETE FROM t WHERE v=1; INSERT INTO t VALUES (2,2); ALTER TABLE t ADD UNIQUE (a); INSERT INTO z VALUES (1);
CREATE TABLE u(x int NOT NULL, v int); INSERT INTO u VALUES (1,1),(1,2),(1,3); UPDATE u SET x=v; ALTER TABLE u ADD UNIQUE (x);
CREATE TABLE m(x int NOT NULL, v int) ENGINE=MyISAM; INSERT INTO m VALUES (1,1),(1,2),(2,3); DELETE FROM m WHERE v=2; CREATE UNIQUE INDEX u ON m (x);
