-- Tables dropped before a restart, made anew behind it; renamed away and back.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1,10),(2,20); CREATE TABLE b LIKE a; INSERT INTO b SELECT * FROM a; CREATE TABLE c LIKE a; INSERT INTO c SELECT * FROM a;
-- step: live
DROP TABLE a;

RENAME TABLE b TO b2;
-- step: down
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (9,9); CREATE TABLE b(id int PRIMARY KEY, v int); INSERT INTO b VALUES (8,8);
DROP TABLE c;
-- step: live
CREATE TABLE c(id int PRIMARY KEY, v int); INSERT INTO c VALUES (7,7);
