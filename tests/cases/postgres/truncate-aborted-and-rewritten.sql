-- A truncate that is rolled back, beside a rewrite that is not.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, n int); INSERT INTO t VALUES (1,1),(2,2);
-- step: down
BEGIN; TRUNCATE t; ROLLBACK;
ALTER TABLE t ALTER n TYPE bigint USING n + 100;
