-- Without a primary key rows are told apart by the first unique index of the table, in no order of names, that is
-- not nullable and whole.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(a int NOT NULL, b int NOT NULL, v int, UNIQUE z (a), UNIQUE a (b)); INSERT INTO t VALUES (1,10,1),(2,20,2),(3,30,3);
CREATE TABLE n(a int, b int NOT NULL, c varchar(10) NOT NULL, v int, UNIQUE a (a), UNIQUE m (c(3)), UNIQUE z (b)); INSERT INTO n VALUES (1,10,'abc',1),(2,20,'abd',2),(NULL,30,'abe',3),(NULL,40,'x',4);
CREATE TABLE m(a varchar(9) NOT NULL, b int NOT NULL, v int, UNIQUE z (b, a), UNIQUE a (a)) ENGINE=MyISAM; INSERT INTO m VALUES ('x',1,1),('y',2,2);
-- step: live
UPDATE t SET v=9 WHERE a=1; UPDATE t SET a=5 WHERE a=2; UPDATE t SET b=50 WHERE a=3; DELETE FROM t WHERE a=5; INSERT INTO t VALUES (5,20,7); UPDATE m SET v=9 WHERE a='x';

UPDATE n SET v=9 WHERE b=10; UPDATE n SET a=NULL WHERE b=20; DELETE FROM n WHERE b=30; INSERT INTO n VALUES (NULL,60,'q',7); UPDATE m SET a='z' WHERE b=2;
-- step: down
UPDATE t SET a=a+100, b=b+100; DELETE FROM t WHERE a=101; DELETE FROM m WHERE b=1;
