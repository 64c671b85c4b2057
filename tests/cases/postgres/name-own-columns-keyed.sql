-- A table with key has columns with the names of ours.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY, _i int, _n int, _row int, _sign int, _note text); INSERT INTO t VALUES (1,2,3,4,5,'x');
CREATE TABLE n(a int, _n int, _i int, _p text); ALTER TABLE n REPLICA IDENTITY FULL; INSERT INTO n VALUES (1,2,3,'x'),(1,2,3,'x'),(NULL,NULL,NULL,NULL);
-- step: live
UPDATE t SET _i=9; DELETE FROM n WHERE ctid IN (SELECT ctid FROM n WHERE a=1 LIMIT 1);
