-- Tables without primary key whose unique key is younger than the changes that are read: then it was none yet.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(a int NOT NULL, v int); INSERT INTO t VALUES (1,1),(1,2); CREATE TABLE u(a int NOT NULL, b int, UNIQUE KEY (a), UNIQUE KEY (b)); INSERT INTO u VALUES (1,1),(2,NULL),(3,NULL);
CREATE TABLE n(a int, b varchar(9), UNIQUE KEY (a)); INSERT INTO n VALUES (1,'a'),(NULL,'b'),(NULL,'b'); CREATE TABLE p(v varchar(300) NOT NULL, UNIQUE KEY (v(3))); INSERT INTO p VALUES ('abcdef'),('abd');
-- step: live
UPDATE u SET b=5 WHERE a=2; UPDATE u SET a=4 WHERE a=1; DELETE FROM u WHERE a=3; DELETE FROM n WHERE a IS NULL LIMIT 1; UPDATE n SET b='c'; UPDATE p SET v='abcxyz' WHERE v='abcdef';
-- step: down
INSERT INTO t VALUES (1,3),(2,1); UPDATE t SET a=2 WHERE v=2; DELETE FROM t WHERE a=1 AND v=1; DELETE FROM t WHERE a=2 AND v=1; ALTER TABLE t ADD UNIQUE KEY (a); INSERT INTO t VALUES (7,7);
