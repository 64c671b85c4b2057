-- A generated column in the index that tells rows apart, of a table that is made while the stream runs.
-- expect: refused 4 generated
-- step: before
CREATE TABLE u (id int PRIMARY KEY);
-- step: live
CREATE TABLE t (a int NOT NULL, b int, g int GENERATED ALWAYS AS (b * 2) STORED NOT NULL, UNIQUE (a, g)); ALTER TABLE t REPLICA IDENTITY USING INDEX t_a_g_key;
INSERT INTO t VALUES (1, 1), (1, 2);
-- step: down
INSERT INTO t VALUES (1, 3);
