-- Short row images that lack nothing that matters: the target fills in what did not change.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, b text, c blob); INSERT INTO t VALUES (1,1,'one','x'),(2,2,'two','y'),(5,5,NULL,'z'); CREATE TABLE n(a int, b text); INSERT INTO n VALUES (1,'x'),(1,'x'),(2,'y');
-- step: live
SET binlog_row_image=MINIMAL; UPDATE t SET a=5 WHERE id=1; DELETE FROM t WHERE id=2; UPDATE t SET c=NULL WHERE id=5; UPDATE n SET a=7 WHERE b='y';

SET binlog_row_image=NOBLOB; UPDATE t SET a=a+1; UPDATE t SET b='new' WHERE id=1; DELETE FROM n WHERE a=1 LIMIT 1;
-- step: down
SET binlog_row_image=NOBLOB; UPDATE t SET a=9, b='five' WHERE id=5; INSERT INTO t VALUES (4,4,'four','w'); UPDATE t SET b=NULL WHERE id=4;
