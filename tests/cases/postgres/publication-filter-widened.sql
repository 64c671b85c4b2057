-- A row filter is widened by rows that were there all the time.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int); INSERT INTO t VALUES (1,1),(2,-1),(3,3);
CREATE PUBLICATION case_publication_filter_widened FOR TABLE t WHERE (id < 2) WITH (publish_via_partition_root=true);
-- step: down
ALTER PUBLICATION case_publication_filter_widened SET TABLE t;
INSERT INTO t VALUES (4,4);
