-- A routine in CREATE TABLE … SELECT of a table that is left out writes to one that is captured.
-- expect: refused 4 rows in STATEMENT format
-- options: both --exclude left_out; both --allow-no-match
-- step: before
CREATE TABLE a(id int PRIMARY KEY); INSERT INTO a VALUES (1);
DELIMITER //
CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO a VALUES (x); RETURN x; END//
DELIMITER ;
-- step: down
SET binlog_format=STATEMENT; CREATE TABLE left_out SELECT f(7) AS v;
