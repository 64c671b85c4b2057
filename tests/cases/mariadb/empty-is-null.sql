-- A default that is NULL in this sql_mode, in old rows.
-- expect: same-unmarked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1,1),(2,2);
-- step: live
UPDATE a SET v=9 WHERE id=1;

SET sql_mode='EMPTY_STRING_IS_NULL'; ALTER TABLE a ADD w varchar(10) DEFAULT '';

INSERT INTO a VALUES (7,7,'x');
