-- An engine that keeps no rows, and others that do.
-- expect: same-or-marked
-- on: mysql
-- step: before
CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO b VALUES (1,'a'),(2,'b'); CREATE TABLE m(id int PRIMARY KEY, v int) ENGINE=MyISAM; INSERT INTO m VALUES (1,1); CREATE TABLE n(id int PRIMARY KEY, v int) ENGINE=MyISAM; INSERT INTO n VALUES (2,2);
CREATE TABLE d(id int PRIMARY KEY, v text); INSERT INTO d VALUES (1,'a'),(2,'b');
CREATE TABLE c(id int NOT NULL PRIMARY KEY, v int NOT NULL); INSERT INTO c VALUES (1,1),(2,2);
-- step: live
ALTER TABLE b ENGINE=BLACKHOLE;

INSERT INTO m VALUES (3,3); ALTER TABLE c ENGINE=MyISAM; INSERT INTO c VALUES (5,5);
-- step: down
ALTER TABLE d COMMENT 'x', ENGINE=BLACKHOLE; INSERT INTO d VALUES (9,'q');
