-- Rows come into the row filter by updates of their keys: the server sends inserts, without the long values
-- that did not change.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, long text);
INSERT INTO t SELECT id, id, (SELECT string_agg(md5((id * 1000 + x)::text), '') FROM generate_series(1, 300) x) FROM generate_series(1, 5) id;
CREATE TABLE f(id int PRIMARY KEY, a int, long text);
ALTER TABLE f REPLICA IDENTITY FULL;
INSERT INTO f SELECT * FROM t;
CREATE PUBLICATION case_publication_filter_entered FOR TABLE t WHERE (id > 100), f WHERE (a > 100) WITH (publish_via_partition_root=true);
-- step: live
UPDATE t SET id = id + 200 WHERE id < 4;

UPDATE t SET a = 9 WHERE id = 201;
UPDATE t SET id = 5000 WHERE id = 202;
UPDATE t SET id = 50 WHERE id = 203;

UPDATE f SET a = 200 WHERE id < 3;
UPDATE f SET id = 20 WHERE id = 2;
-- step: down
UPDATE t SET id = 300 WHERE id = 4;
UPDATE t SET id = 4 WHERE id = 300;
