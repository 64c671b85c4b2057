-- A table is made and filled under a name that capture leaves out, and renamed in the same transaction.
-- expect: same-or-marked
-- options: capture --exclude tmp_* --allow-no-match
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a');
-- step: live
BEGIN; CREATE TABLE tmp_n(id int PRIMARY KEY, v text); INSERT INTO tmp_n VALUES (1,'a'); ALTER TABLE tmp_n RENAME TO n; COMMIT;

INSERT INTO n VALUES (2,'b');
