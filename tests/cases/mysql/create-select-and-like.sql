-- Tables that are made with rows, from others, and from others' shapes, while the stream runs and while it does not.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v varchar(20)); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: live
CREATE TABLE s AS SELECT * FROM t;

CREATE TABLE s2(id int PRIMARY KEY, more int DEFAULT 5) SELECT id, v FROM t;

CREATE TABLE l LIKE t; INSERT INTO l SELECT * FROM t;

CREATE TABLE IF NOT EXISTS l LIKE t; CREATE TEMPORARY TABLE temp AS SELECT * FROM t; INSERT INTO temp VALUES (9,'temp'); DROP TEMPORARY TABLE temp;
-- step: down
CREATE TABLE s3 (PRIMARY KEY (id)) AS SELECT id, v, CONCAT(v, v) AS w FROM t; CREATE TABLE l2 LIKE s3; INSERT INTO l2 VALUES (7,'x','y'); UPDATE s3 SET v='z' WHERE id=1;
