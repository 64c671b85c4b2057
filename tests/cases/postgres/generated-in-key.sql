-- A generated column in the primary key: before PostgreSQL 18 the stream lacks it, and the rest is no key.
-- expect: refused 4 generated
-- step: before
CREATE TABLE t (a int, b int, g int GENERATED ALWAYS AS (b * 2) STORED, PRIMARY KEY (a, g));
INSERT INTO t VALUES (1, 1), (1, 2);
-- step: down
INSERT INTO t VALUES (1, 3);
