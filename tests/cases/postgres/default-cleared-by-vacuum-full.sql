-- VACUUM FULL writes a constant default into the rows; the catalog no longer tells which.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: down
ALTER TABLE t ADD COLUMN d int NOT NULL DEFAULT 5; ALTER TABLE t ALTER d SET DEFAULT 6;
VACUUM FULL t;
INSERT INTO t(id, v) VALUES (3,'c');
