-- A name is lent: t becomes t_old, a new t gets rows and is dropped, t_old becomes t again (a migration that is taken back).
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: down
ALTER TABLE t RENAME TO t_old; CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'new'),(9,'new'); DELETE FROM t_old WHERE id=2; DROP TABLE t; ALTER TABLE t_old RENAME TO t;
