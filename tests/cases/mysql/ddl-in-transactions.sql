-- DDL commits what is open; what was not committed before an error or a rollback is not there; savepoints.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: live
BEGIN; INSERT INTO t VALUES (2,'b'); CREATE TABLE u(id int PRIMARY KEY); INSERT INTO u VALUES (1); ROLLBACK;

BEGIN; INSERT INTO t VALUES (3,'c'); SAVEPOINT s; INSERT INTO t VALUES (4,'d'); ROLLBACK TO s; INSERT INTO t VALUES (5,'e'); COMMIT;

BEGIN; INSERT INTO t VALUES (6,'f'); ROLLBACK;
-- step: down
BEGIN; INSERT INTO t VALUES (7,'g'); ALTER TABLE t ADD w int; INSERT INTO t VALUES (8,'h',1); ROLLBACK; SET autocommit=0; INSERT INTO t VALUES (9,'i',1); COMMIT; INSERT INTO t VALUES (10,'j',1);
