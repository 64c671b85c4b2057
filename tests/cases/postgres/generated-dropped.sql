-- DROP EXPRESSION makes a column that the stream did not carry one that it does.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t(id, a) VALUES (1,1),(2,2);
-- step: down
ALTER TABLE t ALTER g DROP EXPRESSION;
INSERT INTO t VALUES (3,3,7);
