-- A serial column numbers the old rows, and no row follows.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE o(id int PRIMARY KEY); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: live
ALTER TABLE t ADD COLUMN n serial;

INSERT INTO o VALUES (1);
