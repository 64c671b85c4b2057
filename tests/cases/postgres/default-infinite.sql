-- An infinite default without a policy is refused as a value would be.
-- expect: refused 5
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: down
ALTER TABLE t ADD COLUMN d timestamptz NOT NULL DEFAULT '-infinity';
INSERT INTO t VALUES (3,'c','2026-01-01');
