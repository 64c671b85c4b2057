-- Locks that keep readers out for moments, behind truncates: a look waits for what the table's first rows are.
-- expect: same-unmarked
-- step: before
CREATE TABLE c(id int PRIMARY KEY, v text); INSERT INTO c VALUES (1,'a');
-- step: live
INSERT INTO c VALUES (2,'b');

BEGIN; TRUNCATE c; INSERT INTO c VALUES (3,'c'); COMMIT;

BEGIN; LOCK TABLE c; SELECT pg_sleep(0.6); COMMIT;

BEGIN; TRUNCATE c; INSERT INTO c VALUES (4,'c'); COMMIT;

BEGIN; LOCK TABLE c; SELECT pg_sleep(0.6); COMMIT;

BEGIN; TRUNCATE c; INSERT INTO c VALUES (5,'c'); COMMIT;

BEGIN; LOCK TABLE c; SELECT pg_sleep(0.6); COMMIT;

BEGIN; TRUNCATE c; INSERT INTO c VALUES (6,'c'); COMMIT;

BEGIN; LOCK TABLE c; SELECT pg_sleep(0.6); COMMIT;

BEGIN; TRUNCATE c; INSERT INTO c VALUES (7,'c'); COMMIT;

BEGIN; LOCK TABLE c; SELECT pg_sleep(0.6); COMMIT;

INSERT INTO c VALUES (8,'d');
