-- Columns are added: at the end, first, in the middle, with defaults that are constants and expressions, instant and not.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
CREATE TABLE c(id int PRIMARY KEY, v text); INSERT INTO c VALUES (1,'a'),(2,'b');
CREATE TABLE d(id int PRIMARY KEY, v text); INSERT INTO d VALUES (1,'a'),(2,'b');
CREATE TABLE e(id int PRIMARY KEY, v text); INSERT INTO e VALUES (1,'a'),(2,'b');
CREATE TABLE g(id int PRIMARY KEY, v int); INSERT INTO g VALUES (1,1),(2,2);
-- step: live
ALTER TABLE t ADD w int, ADD COLUMN (x int, y text), ADD z int AFTER id;

INSERT INTO t VALUES (3,33,'c',1,2,'y'); UPDATE t SET w=5 WHERE id=1;

ALTER TABLE c ADD w int NOT NULL DEFAULT 7;

INSERT INTO c VALUES (3,'c',1);
-- step: down
ALTER TABLE d ADD w timestamp DEFAULT CURRENT_TIMESTAMP, ADD x varchar(9) DEFAULT 'dflt'; INSERT INTO d(id) VALUES (5);
ALTER TABLE e ADD w int NOT NULL FIRST; UPDATE e SET w=1 WHERE id=1;
ALTER TABLE g ADD w int AS (v + 1) STORED, ADD x int AS (v * 2) VIRTUAL; INSERT INTO g(id, v) VALUES (3,3);
