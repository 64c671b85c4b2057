-- The database is dropped; its tables are made anew after a restart.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'a'),(2,'b'); CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO b VALUES (1,'a'),(2,'b');
-- step: live
INSERT INTO a VALUES (3,'c');

DROP DATABASE case_database_dropped; CREATE DATABASE case_database_dropped;
-- step: down
CREATE DATABASE IF NOT EXISTS other_db; DROP DATABASE other_db;
-- step: live
USE case_database_dropped; CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (9,'q'); CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO b VALUES (8,'q');
