-- Generated columns, stored and virtual, in the middle and as key; columns that SELECT * does not show.
-- expect: same-unmarked
-- step: before
CREATE TABLE g(id int PRIMARY KEY, s int AS (a * 2) STORED, a int, w varchar(20) AS (CONCAT('v', a)) VIRTUAL, j json); INSERT INTO g(id, a) VALUES (1,1),(2,NULL);
CREATE TABLE k(a int, id int AS (a + 100) STORED, v text, UNIQUE (id)); INSERT INTO k(a, v) VALUES (1,'x');
CREATE TABLE i(id int PRIMARY KEY, hidden int INVISIBLE, v text); INSERT INTO i(id, hidden, v) VALUES (1,10,'a'); INSERT INTO i(id, v) VALUES (2,'b');
CREATE TABLE d(id int PRIMARY KEY, made datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), u varchar(40) DEFAULT (UUID())); INSERT INTO d(id) VALUES (1),(2);
-- step: live
UPDATE g SET a=5 WHERE id=1; INSERT INTO g(id, a, j) VALUES (3,3,'{"a": [1, 2.5, "x"]}'); DELETE FROM g WHERE id=2; UPDATE k SET a=2 WHERE a=1; INSERT INTO k(a, v) VALUES (1,'again');

INSERT INTO i VALUES (3,'c'); UPDATE i SET hidden=11 WHERE id=1; UPDATE i SET v='z' WHERE id=2; UPDATE d SET u='x' WHERE id=1; INSERT INTO d(id) VALUES (3);
-- step: down
DELETE FROM i WHERE id=2; INSERT INTO i(id, hidden) VALUES (4,4); UPDATE g SET a=a+1; DELETE FROM d WHERE id=2; UPDATE d SET id=20 WHERE id=3;
