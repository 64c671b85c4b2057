-- Two columns of one type swap names before any look has met their table; no row follows.
-- expect: same-or-marked
-- step: before
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE t(id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1,2,3);
ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME c TO b;
