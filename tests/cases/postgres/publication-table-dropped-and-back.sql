-- A table leaves the publication, is written to, and comes back.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int); CREATE TABLE u(id int PRIMARY KEY); INSERT INTO t VALUES (1,1),(2,2);
CREATE PUBLICATION case_publication_table_dropped_and_back FOR TABLE t, u WITH (publish_via_partition_root=true);
-- step: down
ALTER PUBLICATION case_publication_table_dropped_and_back DROP TABLE t;
UPDATE t SET a=9 WHERE id=1;
ALTER PUBLICATION case_publication_table_dropped_and_back ADD TABLE t;
INSERT INTO u VALUES (1);
