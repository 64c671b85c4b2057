-- Truncates with rows between them need no mark, cascades neither.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE c(id int PRIMARY KEY, t int REFERENCES t); INSERT INTO t VALUES (1,'a'); INSERT INTO c VALUES (1,1);
-- step: live
TRUNCATE t CASCADE;

INSERT INTO t VALUES (2,'b'); INSERT INTO c VALUES (2,2);

BEGIN; TRUNCATE t, c; INSERT INTO t VALUES (3,'c'); COMMIT;

TRUNCATE c RESTART IDENTITY;

INSERT INTO c VALUES (4,3);
-- step: down
TRUNCATE c; TRUNCATE t CASCADE; INSERT INTO t VALUES (5,'e');
