-- A table is made, filled, and then gets its key, as pg_restore does it, while the pipe is down.
-- expect: same-or-marked
-- options: both --allow-no-identity
-- step: before
CREATE TABLE o(id int PRIMARY KEY); INSERT INTO o VALUES (1);
-- step: down
CREATE TABLE t(id int, v text); INSERT INTO t SELECT g, 'r' || g FROM generate_series(1, 50) g;
ALTER TABLE t ADD PRIMARY KEY (id);
UPDATE t SET v='new' WHERE id=7; DELETE FROM t WHERE id=8;
