-- Deletes are not published for a while.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int); INSERT INTO t VALUES (1,1),(2,2),(3,3);
CREATE PUBLICATION case_publication_operations_off_and_on FOR TABLE t WITH (publish_via_partition_root=true);
-- step: down
ALTER PUBLICATION case_publication_operations_off_and_on SET (publish='insert,update');
DELETE FROM t WHERE id=2;
ALTER PUBLICATION case_publication_operations_off_and_on SET (publish='insert,update,delete,truncate');
INSERT INTO t VALUES (4,4);
