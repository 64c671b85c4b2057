-- ALTER … TYPE with USING that keeps the type and alters every value.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, n int); INSERT INTO t VALUES (1,10),(2,20);
-- step: down
ALTER TABLE t ALTER n TYPE int USING n * 2;
INSERT INTO t VALUES (3,60);
