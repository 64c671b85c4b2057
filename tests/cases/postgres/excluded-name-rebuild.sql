-- A table is rebuilt under a name that capture leaves out, and takes its place, in one transaction.
-- expect: same-or-marked
-- options: capture --exclude tmp_* --allow-no-match
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: live
BEGIN; CREATE TABLE tmp_t(id int PRIMARY KEY, v text); INSERT INTO tmp_t SELECT id*10,v FROM t; DROP TABLE t; ALTER TABLE tmp_t RENAME TO t; COMMIT;
