-- Without publish_via_partition_root: a partition is detached, changed, and attached again.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026); INSERT INTO p VALUES (1,2025);
CREATE PUBLICATION case_leaf_published_as_itself_detached_and_back FOR TABLE p;
-- step: down
ALTER TABLE p DETACH PARTITION p25; INSERT INTO p25 VALUES (2,2025); DELETE FROM p25 WHERE id=1; ALTER TABLE p ATTACH PARTITION p25 FOR VALUES FROM (2025) TO (2026);
INSERT INTO p VALUES (3,2025);
