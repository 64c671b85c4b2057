-- An ALTER in a released savepoint writes rows anew that came behind the truncate, and the table's entry is the outer one's again.
-- expect: same-or-marked
-- step: before
CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a');
-- step: down
BEGIN; TRUNCATE t; SAVEPOINT s; INSERT INTO t VALUES (2, 'b'); ALTER TABLE t ALTER v TYPE text USING v || '!'; RELEASE s; ALTER TABLE t SET (fillfactor = 50); COMMIT;
