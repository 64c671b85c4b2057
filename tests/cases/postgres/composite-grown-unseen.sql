-- An attribute is added to a composite type after a table of it was made and filled, before any look has met the table.
-- expect: same-or-marked
-- step: before
CREATE TYPE pair AS (a int, b text); CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE t(id int PRIMARY KEY, p pair); INSERT INTO t VALUES (1,'(1,x)');
ALTER TYPE pair ADD ATTRIBUTE c int;
