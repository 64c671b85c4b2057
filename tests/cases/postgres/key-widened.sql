-- A column joins the primary key while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(a int PRIMARY KEY, b int NOT NULL, v int); INSERT INTO t VALUES (1,1,1),(2,2,2);
-- step: down
UPDATE t SET v=5 WHERE a=1; ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (a, b); INSERT INTO t VALUES (1,2,3); UPDATE t SET v=7 WHERE a=2;
