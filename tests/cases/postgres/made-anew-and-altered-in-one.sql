-- Tables that are made anew under their names, and altered behind rows, before anyone looks.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old');
CREATE TABLE u(id int PRIMARY KEY, v text, x int); INSERT INTO u VALUES (1, 'old');
CREATE TABLE w(id int PRIMARY KEY, v text); INSERT INTO w VALUES (1, 'old');
-- step: live
BEGIN; DROP TABLE t; CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (5, 'a'); ALTER TABLE t RENAME v TO w; COMMIT;

BEGIN; DROP TABLE u; CREATE TABLE u(id int PRIMARY KEY, v text, x int); INSERT INTO u VALUES (5, 'a', 1);
ALTER TABLE u DROP x; ALTER TABLE u ADD x int DEFAULT 7; COMMIT;
-- step: down
DROP TABLE w; CREATE TABLE w(id int PRIMARY KEY, v text); INSERT INTO w VALUES (5, 'a'); ALTER TABLE w RENAME v TO x;
