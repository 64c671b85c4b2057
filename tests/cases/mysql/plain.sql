-- Rows in and out, live and while the pipe is down, with keys, without one, and with one of two columns.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE k(a int, b varchar(9), v int, PRIMARY KEY (b, a)); CREATE TABLE n(v int);
INSERT INTO t VALUES (1,'a'),(2,'b'); INSERT INTO k VALUES (1,'x',1),(2,'y',2); INSERT INTO n VALUES (1),(1),(2);
-- step: live
INSERT INTO t VALUES (3,'c'); UPDATE t SET v='A' WHERE id=1; DELETE FROM t WHERE id=2;

BEGIN; UPDATE k SET b='z' WHERE a=1; DELETE FROM n WHERE v=1 LIMIT 1; INSERT INTO n VALUES (2); COMMIT;
-- step: down
UPDATE t SET id=id+10; INSERT INTO k VALUES (1,'x',5); UPDATE n SET v=v+1;
