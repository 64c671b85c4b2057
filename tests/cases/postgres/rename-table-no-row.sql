-- A table is renamed while the pipe runs, and no row of it follows.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE o(id int PRIMARY KEY); INSERT INTO a VALUES (1,'a1');
-- step: live
ALTER TABLE a RENAME TO b;

INSERT INTO o VALUES (1);
