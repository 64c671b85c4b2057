-- The primary key becomes another column while the pipe runs.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, k text NOT NULL, v int); INSERT INTO t VALUES (1,'x',1),(2,'y',2);
-- step: live
ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (k);

INSERT INTO t VALUES (2,'z',3); UPDATE t SET v=9 WHERE k='x'; DELETE FROM t WHERE k='y';
