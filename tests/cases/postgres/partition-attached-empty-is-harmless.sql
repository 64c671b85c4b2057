-- One transaction makes a table like its root and attaches it, as partition managers do: it held
-- nothing, and is filled through the root.
-- expect: same-unmarked
-- step: before
CREATE TABLE p(id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); INSERT INTO p VALUES (1);
CREATE PUBLICATION case_partition_attached_empty_is_harmless FOR TABLE p WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE p2 (LIKE p INCLUDING ALL); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (100) TO (200); INSERT INTO p VALUES (101); COMMIT;

INSERT INTO p VALUES (102);
-- step: down
BEGIN; CREATE TABLE p3 (LIKE p INCLUDING ALL); ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (200) TO (300); INSERT INTO p VALUES (201); COMMIT;
