-- A composite type gets an attribute and loses one while the pipe runs.
-- expect: same-or-marked
-- step: before
CREATE TYPE pair AS (a int, b text); CREATE TABLE t(id int PRIMARY KEY, p pair, ps pair[]); INSERT INTO t VALUES (1,'(1,x)','{"(1,x)"}');
-- step: live
ALTER TYPE pair ADD ATTRIBUTE c int;

INSERT INTO t VALUES (2,'(2,y,3)',NULL);

ALTER TYPE pair DROP ATTRIBUTE a;

INSERT INTO t VALUES (3,'(z,3)',NULL);
