-- Columns get a constant in the rows that are there: it is in the table line, and no table is marked.
-- expect: same-unmarked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'a'),(2,'b');
CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO b VALUES (1,'a'),(2,'b');
CREATE TABLE c(id int PRIMARY KEY, v text); INSERT INTO c VALUES (1,'a'),(2,'b');
CREATE TABLE d(id int PRIMARY KEY, v text); INSERT INTO d VALUES (1,'a'),(2,'b');
CREATE TABLE e(id int PRIMARY KEY, v text); INSERT INTO e VALUES (1,'a'),(2,'b');
-- step: live
UPDATE a SET v = 'x' WHERE id = 1; UPDATE b SET v = 'x' WHERE id = 1; UPDATE c SET v = 'x' WHERE id = 1;
UPDATE d SET v = 'x' WHERE id = 1; UPDATE e SET v = 'x' WHERE id = 1;

ALTER TABLE a ADD w int NOT NULL DEFAULT 7, ADD COLUMN x varchar(9) DEFAULT 'it is', ADD y bigint unsigned DEFAULT '18446744073709551615' FIRST, ADD z decimal(10,3) DEFAULT -1.5;

INSERT INTO a(id) VALUES (3);

ALTER TABLE b ADD COLUMN (w tinyint NOT NULL, x char(3) NOT NULL, y enum('no','yes') NOT NULL, z decimal(5,2) NOT NULL COMMENT 'a price'), ADD q enum('no','yes') DEFAULT 'yes', ADD p bool DEFAULT TRUE, ADD o int NULL DEFAULT NULL AFTER id;

ALTER TABLE c ADD w int DEFAULT 5;

ALTER TABLE c ADD x int DEFAULT +6;

ALTER TABLE d ADD w int, ADD x int DEFAULT 1, DROP v;

UPDATE d SET x = 9 WHERE id = 2;

ALTER TABLE e ADD w int NOT NULL DEFAULT 7;

ALTER TABLE e ALTER w SET DEFAULT 8;

INSERT INTO e(id) VALUES (3);
