-- Sessions that write short row images: what the log lacks comes from the row before, or the tool says so.
-- expect: refused 4 binlog_row_image=FULL
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, b text, c blob); INSERT INTO t VALUES (1,1,'one','x'),(2,2,'two','y'); CREATE TABLE n(a int, b text); INSERT INTO n VALUES (1,'x'),(1,'x'),(2,'y');
-- step: live
SET binlog_row_image=MINIMAL; UPDATE t SET a=5 WHERE id=1; DELETE FROM t WHERE id=2; INSERT INTO t VALUES (3,3,'three','z'); UPDATE n SET a=7 WHERE b='y';

SET binlog_row_image=NOBLOB; UPDATE t SET a=a+1; UPDATE t SET b='new' WHERE id=1; INSERT INTO t(id) VALUES (4); DELETE FROM n WHERE a=1 LIMIT 1;
-- step: down
SET binlog_row_image=MINIMAL; UPDATE t SET id=10 WHERE id=1;
