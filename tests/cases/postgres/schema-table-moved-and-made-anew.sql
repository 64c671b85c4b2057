-- FOR TABLES IN SCHEMA: a table leaves, another comes under its name from outside, in one transaction with its making.
-- expect: same-or-marked
-- step: before
CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t(id int PRIMARY KEY, v text); INSERT INTO a.t VALUES (1,'a'); CREATE PUBLICATION case_schema_table_moved_and_made_anew FOR TABLES IN SCHEMA a WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE b.t(id int PRIMARY KEY, v text); INSERT INTO b.t SELECT id*10, v FROM a.t; DROP TABLE a.t; ALTER TABLE b.t SET SCHEMA a; COMMIT;

INSERT INTO a.t VALUES (5,'e');
