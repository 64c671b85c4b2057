-- A table is made and filled in another schema, and moved to the published one, in one transaction.
-- expect: same-or-marked
-- step: before
CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t(id int PRIMARY KEY, v text); INSERT INTO a.t VALUES (1,'a');
CREATE PUBLICATION case_into_published_schema_in_creating_transaction FOR TABLES IN SCHEMA a WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE TABLE b.n(id int PRIMARY KEY, v text); INSERT INTO b.n VALUES (1,'a'); ALTER TABLE b.n SET SCHEMA a; INSERT INTO a.n VALUES (2,'b'); COMMIT;
