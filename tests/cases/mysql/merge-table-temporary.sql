-- A temporary MERGE table writes to the tables that it merges.
-- expect: refused 4 becomes a MERGE table
-- step: before
CREATE TABLE a(id int PRIMARY KEY) ENGINE=MyISAM; INSERT INTO a VALUES (1);
-- step: down
SET binlog_format=STATEMENT; CREATE TEMPORARY TABLE m(id int PRIMARY KEY) ENGINE=MERGE UNION=(a) INSERT_METHOD=LAST; INSERT INTO m VALUES (2);
