-- What old rows have in a new column is known from a look, and no more from the catalog when the first row of the
-- new shape comes: the table was written anew in between. Old rows get the known value.
-- expect: same-or-marked
-- check: SELECT id, x, y FROM t WHERE id < 3 ORDER BY id ==> SELECT concat(id, '|', x, '|', y) FROM t WHERE id < 3 ORDER BY id
-- step: before
CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);
-- step: live
ALTER TABLE t ADD x int NOT NULL DEFAULT 5, ADD y text DEFAULT 'old';
-- step: down
VACUUM FULL t;
-- step: down
INSERT INTO t VALUES (3, 7, 'new');
-- step: live
INSERT INTO t VALUES (4, 8, 'newer');
