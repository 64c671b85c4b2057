-- A table is made, filled and a column of it renamed before any look has met it; no row follows.
-- expect: same-or-marked
-- step: before
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE t(id int PRIMARY KEY, a int); INSERT INTO t VALUES (1,2);
ALTER TABLE t RENAME a TO b;
