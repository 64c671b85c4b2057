-- Two tables swap their names, as online rebuilds do; a third one is renamed and its name is taken again.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'a1'),(2,'a2'); INSERT INTO b VALUES (1,'b1'),(3,'b3');
CREATE TABLE c(id int PRIMARY KEY, v text); INSERT INTO c VALUES (1,'c1');
CREATE TABLE e(id int PRIMARY KEY, v text); CREATE TABLE f(id int PRIMARY KEY, v text); INSERT INTO e VALUES (1,'e1'),(2,'e2'); INSERT INTO f VALUES (5,'f5');
-- step: live
RENAME TABLE e TO e_old, f TO e;
-- step: down
RENAME TABLE a TO x, b TO a, x TO b;
INSERT INTO a VALUES (7,'a7');
ALTER TABLE c RENAME TO d; CREATE TABLE c(id int PRIMARY KEY, v text); INSERT INTO c VALUES (9,'c9');
