-- A table is renamed, gets a row, and has its old name again, live and in one transaction.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'); CREATE TABLE u(id int PRIMARY KEY);
-- step: live
BEGIN; ALTER TABLE t RENAME TO t2; INSERT INTO t2 VALUES (2,'b'); ALTER TABLE t2 RENAME TO t; COMMIT;

INSERT INTO u VALUES (1);
-- step: down
INSERT INTO t VALUES (3,'c');
