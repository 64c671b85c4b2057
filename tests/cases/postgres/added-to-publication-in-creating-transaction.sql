-- A table is made, filled, and added to the publication in one transaction.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
CREATE PUBLICATION case_added_to_publication_in_creating_transaction FOR TABLE t WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE n(id int PRIMARY KEY, v text); INSERT INTO n VALUES (1,'a'); ALTER PUBLICATION case_added_to_publication_in_creating_transaction ADD TABLE n; INSERT INTO n VALUES (2,'b'); COMMIT;
