-- A table moves to another schema: under the default names it would fill the other one's table, which is refused with the way out.
-- expect: refused 4 belongs to the source table
-- step: before
CREATE SCHEMA s; CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: down
INSERT INTO t VALUES (2,'b'); ALTER TABLE t SET SCHEMA s; INSERT INTO s.t VALUES (3,'c');
