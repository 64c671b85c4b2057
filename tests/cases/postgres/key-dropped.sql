-- The primary key is dropped and the identity is FULL.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: live
ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t REPLICA IDENTITY FULL;

INSERT INTO t VALUES (1,'a'),(1,'c'); DELETE FROM t WHERE v='b';
