-- Three tables renamed in a ring, and renamed by ALTER TABLE with a change.
-- expect: same-or-marked
-- step: before
CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, n int); CREATE TABLE c (id int PRIMARY KEY, d date);
INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (1, 1); INSERT INTO c VALUES (1, '2020-01-01');
-- step: live
RENAME TABLE a TO tmp, b TO a, c TO b, tmp TO c;

INSERT INTO a VALUES (2, 2); INSERT INTO b VALUES (2, '2021-01-01'); INSERT INTO c VALUES (2, 'aa');
-- step: down
ALTER TABLE a RENAME TO z, ADD COLUMN m int DEFAULT 4;
INSERT INTO z VALUES (3, 3, 3);
RENAME TABLE b TO y, c TO x;
UPDATE x SET v = 'q';
