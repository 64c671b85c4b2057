-- A generated column in the key of a table that is made while the stream runs.
-- expect: refused 4 generated
-- step: before
CREATE TABLE u (id int PRIMARY KEY);
-- step: live
CREATE TABLE t (a int, b int, g int GENERATED ALWAYS AS (b * 2) STORED, PRIMARY KEY (a, g));
INSERT INTO t VALUES (1, 1), (1, 2);
-- step: down
INSERT INTO t VALUES (1, 3);
