-- A table changes its schema, gets a row, and comes back; names with schemas.
-- expect: same-or-marked
-- options: load --table-name {schema}_{table}
-- step: before
CREATE SCHEMA s2; CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: down
ALTER TABLE t SET SCHEMA s2; INSERT INTO s2.t VALUES (2,'b'); ALTER TABLE s2.t SET SCHEMA public;
