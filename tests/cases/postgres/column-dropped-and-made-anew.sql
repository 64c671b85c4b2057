-- A column is dropped and made anew with another type and default.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: down
ALTER TABLE t DROP v; ALTER TABLE t ADD v int DEFAULT 5; INSERT INTO t VALUES (3,7);
