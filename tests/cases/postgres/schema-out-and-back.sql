-- FOR TABLES IN SCHEMA: a table leaves the schema, is changed, and comes back.
-- expect: same-or-marked
-- step: before
CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t(id int PRIMARY KEY, v text); INSERT INTO a.t VALUES (1,'a'),(2,'b');
CREATE PUBLICATION case_schema_out_and_back FOR TABLES IN SCHEMA a WITH (publish_via_partition_root=true);
-- step: down
ALTER TABLE a.t SET SCHEMA b; INSERT INTO b.t VALUES (3,'c'); DELETE FROM b.t WHERE id=1; UPDATE b.t SET v='x' WHERE id=2; ALTER TABLE b.t SET SCHEMA a;
INSERT INTO a.t VALUES (9,'z');
