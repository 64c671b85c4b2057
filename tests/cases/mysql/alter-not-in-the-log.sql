-- An ALTER TABLE that is not in the log shows in the columns of the rows behind it.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1,1),(2,2);
CREATE TABLE b(id int PRIMARY KEY, v int); INSERT INTO b VALUES (1,1),(2,2);
-- step: live
INSERT INTO a VALUES (3,3); INSERT INTO b VALUES (3,3);

SET sql_log_bin=0; ALTER TABLE a ADD COLUMN w int NOT NULL DEFAULT 5; ALTER TABLE b RENAME COLUMN v TO w; SET sql_log_bin=1; INSERT INTO a VALUES (4,4,4); UPDATE b SET w=9 WHERE id=3;
