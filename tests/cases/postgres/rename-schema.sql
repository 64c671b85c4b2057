-- A schema is renamed while the pipe is behind.
-- expect: same-or-marked
-- step: before
CREATE SCHEMA s; CREATE TABLE s.t(id int PRIMARY KEY, v text); INSERT INTO s.t VALUES (1,'a');
-- step: down
INSERT INTO s.t VALUES (2,'b'); ALTER SCHEMA s RENAME TO r; INSERT INTO r.t VALUES (3,'c');
