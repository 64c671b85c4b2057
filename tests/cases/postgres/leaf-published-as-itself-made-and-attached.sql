-- Without publish_via_partition_root: a table is made, filled, and attached to the published root while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026); INSERT INTO p VALUES (1,2025);
CREATE PUBLICATION case_leaf_published_as_itself_made_and_attached FOR TABLE p;
-- step: down
CREATE TABLE p26(LIKE p INCLUDING ALL); INSERT INTO p26 VALUES (2,2026); ALTER TABLE p ATTACH PARTITION p26 FOR VALUES FROM (2026) TO (2027);
INSERT INTO p VALUES (3,2026);
