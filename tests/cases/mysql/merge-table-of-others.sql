-- A MERGE table that is not captured writes to one that is; it comes while the pipe is down, and goes again.
-- expect: refused 4 becomes a MERGE table
-- options: both --tables case_merge_table_of_others.a
-- step: before
CREATE TABLE a(id int PRIMARY KEY) ENGINE=MyISAM; INSERT INTO a VALUES (1);
-- step: live
INSERT INTO a VALUES (2);
-- step: down
CREATE TABLE m(id int PRIMARY KEY) ENGINE=MERGE UNION=(a) INSERT_METHOD=LAST; INSERT INTO m VALUES (3); DROP TABLE m;
