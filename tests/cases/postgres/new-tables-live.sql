-- Tables that are born while the pipe runs are whole, with their keys in the CREATE.
-- expect: same-unmarked
-- step: before
CREATE TABLE o(id int PRIMARY KEY); INSERT INTO o VALUES (1);
-- step: live
CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'x');

BEGIN; CREATE TABLE b(id int PRIMARY KEY); INSERT INTO b VALUES (1); INSERT INTO a VALUES (2,'y'); COMMIT;

CREATE TABLE d(id int PRIMARY KEY);
-- step: down
CREATE TABLE c(id int PRIMARY KEY); INSERT INTO c VALUES (1),(2);
