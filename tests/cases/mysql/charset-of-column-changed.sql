-- The character set of columns changes, rightly by CONVERT, and wrongly by way of a binary type.
-- expect: same-or-marked
-- step: before
SET NAMES utf8mb4;
CREATE TABLE converted(id int PRIMARY KEY, v varchar(20) CHARACTER SET latin1); INSERT INTO converted VALUES (1,'é'),(2,'ß');
CREATE TABLE again(id int PRIMARY KEY, v varchar(20) CHARACTER SET latin1); INSERT INTO again VALUES (1,'é'),(2,'ß');
CREATE TABLE taken(id int PRIMARY KEY, v varchar(20) CHARACTER SET latin1); INSERT INTO taken VALUES (1,_latin1 0xC3A9);
CREATE TABLE byname(code varchar(20) CHARACTER SET latin1 PRIMARY KEY, v int); INSERT INTO byname VALUES ('é',1),('e2',2);
-- step: live
ALTER TABLE converted CONVERT TO CHARACTER SET utf8mb4;

SET NAMES utf8mb4; INSERT INTO converted VALUES (3,'€😀'); UPDATE converted SET v='É' WHERE id=1;
-- step: down
SET NAMES utf8mb4; ALTER TABLE again MODIFY v varchar(20) CHARACTER SET utf16; INSERT INTO again VALUES (3,'€😀');
ALTER TABLE taken MODIFY v varbinary(20); ALTER TABLE taken MODIFY v varchar(20) CHARACTER SET utf8mb4;
ALTER TABLE byname MODIFY code varchar(20) CHARACTER SET utf8mb4; UPDATE byname SET v=5 WHERE code='é';
