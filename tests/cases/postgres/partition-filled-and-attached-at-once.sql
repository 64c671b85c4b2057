-- One transaction makes a table, fills it and attaches it: the stream goes by the root and has no
-- row of it.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); INSERT INTO p VALUES (1);
CREATE PUBLICATION case_partition_filled_and_attached_at_once FOR TABLE p WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE p2(id int PRIMARY KEY); INSERT INTO p2 VALUES (101),(102); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (100) TO (200); COMMIT;

INSERT INTO p VALUES (2);
-- step: down
BEGIN; CREATE TABLE p3 AS SELECT 201 AS id; ALTER TABLE p3 ADD PRIMARY KEY (id); ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (200) TO (300); COMMIT;
