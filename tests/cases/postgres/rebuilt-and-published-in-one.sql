-- A table is rebuilt under another name and added to the publication, which lists its tables, in one transaction.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
CREATE PUBLICATION case_rebuilt_and_published_in_one FOR TABLE t WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE t_new(id int PRIMARY KEY, v text); INSERT INTO t_new SELECT id*10, v FROM t; ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t; DROP TABLE t_old; ALTER PUBLICATION case_rebuilt_and_published_in_one ADD TABLE t; COMMIT;

INSERT INTO t VALUES (5,'e');
