-- A column is renamed and another takes its name while the pipe is behind.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: down
INSERT INTO t VALUES (2,'b'); ALTER TABLE t RENAME v TO old_v; ALTER TABLE t ADD v text DEFAULT 'fresh'; INSERT INTO t VALUES (3,'c','own');
