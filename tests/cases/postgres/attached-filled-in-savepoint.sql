-- A partition is made, filled in a savepoint, and attached, in one transaction; the publication has the root only.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026); INSERT INTO p VALUES (1,2025);
CREATE PUBLICATION case_attached_filled_in_savepoint FOR TABLE p WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE p26(LIKE p INCLUDING ALL); SAVEPOINT s; INSERT INTO p26 VALUES (2,2026); RELEASE s; ALTER TABLE p ATTACH PARTITION p26 FOR VALUES FROM (2026) TO (2027); COMMIT;

INSERT INTO p VALUES (3,2026);
