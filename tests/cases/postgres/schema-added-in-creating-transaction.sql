-- A schema joins the publication in the transaction that made and filled its table.
-- expect: same-or-marked
-- step: before
CREATE SCHEMA a; CREATE TABLE a.t(id int PRIMARY KEY); INSERT INTO a.t VALUES (1); CREATE PUBLICATION case_schema_added_in_creating_transaction FOR TABLES IN SCHEMA a WITH (publish_via_partition_root=true);
-- step: live
BEGIN; CREATE SCHEMA b; CREATE TABLE b.n(id int PRIMARY KEY); INSERT INTO b.n VALUES (1); ALTER PUBLICATION case_schema_added_in_creating_transaction ADD TABLES IN SCHEMA b; INSERT INTO b.n VALUES (2); COMMIT;
