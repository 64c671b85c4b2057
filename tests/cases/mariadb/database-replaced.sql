-- CREATE OR REPLACE DATABASE drops the tables of the one before.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'a'),(2,'b');
-- step: live
CREATE OR REPLACE DATABASE case_database_replaced; USE case_database_replaced; CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (9,'q');
