-- What is written by a MERGE table is in the log under that table's name.
-- expect: refused 4 is a MERGE table
-- step: before
CREATE TABLE a(id int PRIMARY KEY) ENGINE=MyISAM; CREATE TABLE m(id int PRIMARY KEY) ENGINE=MERGE UNION=(a) INSERT_METHOD=LAST; INSERT INTO a VALUES (1);
-- step: live
INSERT INTO m VALUES (2);
