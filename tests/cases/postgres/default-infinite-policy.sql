-- An infinite default under a policy: the policy decides, and the pipe goes on.
-- expect: same
-- options: load --on-bad-date clamp
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: down
ALTER TABLE t ADD COLUMN d timestamptz NOT NULL DEFAULT 'infinity';
INSERT INTO t VALUES (3,'c','2026-01-01');
