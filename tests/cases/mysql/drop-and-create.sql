-- A table is dropped and made anew under its name, the same shape and another one, live and while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, v text); CREATE TABLE c(id int PRIMARY KEY, v text); CREATE TABLE gone(id int PRIMARY KEY);
INSERT INTO a VALUES (1,'a'),(2,'b'); INSERT INTO b SELECT * FROM a; INSERT INTO c SELECT * FROM a; INSERT INTO gone VALUES (1);
-- step: live
DROP TABLE a; CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'new');

DROP TABLE b; CREATE TABLE b(code varchar(9) PRIMARY KEY, id bigint); INSERT INTO b VALUES ('x',1);
-- step: down
DROP TABLE c; CREATE TABLE c(id int PRIMARY KEY, v int); INSERT INTO c VALUES (5,5); DROP TABLE IF EXISTS gone, nobody;
