-- A table has a name that --exclude leaves out for a while.
-- expect: same-or-marked
-- options: both --exclude tmp_* --allow-no-match
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'); CREATE TABLE u(id int PRIMARY KEY);
-- step: live
ALTER TABLE t RENAME TO tmp_t; INSERT INTO tmp_t VALUES (2,'b'); ALTER TABLE tmp_t RENAME TO t;

INSERT INTO t VALUES (3,'c'); INSERT INTO u VALUES (1);
