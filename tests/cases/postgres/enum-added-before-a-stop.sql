-- A label comes with its first row just before a stop, and is renamed before the next start.
-- expect: same-or-marked
-- step: before
CREATE TYPE e AS ENUM ('a'); CREATE TABLE t(id int PRIMARY KEY, v e); INSERT INTO t VALUES (1,'a');
-- step: live
ALTER TYPE e ADD VALUE 'b'; INSERT INTO t VALUES (2,'b');
-- step: down
ALTER TYPE e RENAME VALUE 'b' TO 'c';
