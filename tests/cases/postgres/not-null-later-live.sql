-- The online migration while the pipe runs, with NULLs in the log.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: live
ALTER TABLE t ADD c text; INSERT INTO t VALUES (2,'b',NULL); UPDATE t SET c='x' WHERE c IS NULL; ALTER TABLE t ALTER c SET NOT NULL; INSERT INTO t VALUES (3,'c','y');

ALTER TABLE t ALTER c DROP NOT NULL; UPDATE t SET c=NULL WHERE id=3; UPDATE t SET c='z' WHERE id=3; ALTER TABLE t ALTER c SET NOT NULL;

INSERT INTO t VALUES (4,'d','w');
