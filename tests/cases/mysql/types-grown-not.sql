-- Alterations that look like a type which grows, or like a constant, and change rows: each table is marked.
-- expect: same-or-marked
-- step: before
SET SESSION sql_mode = '';
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1,NULL),(2,2);
CREATE TABLE b(id int PRIMARY KEY, v varchar(20)); INSERT INTO b VALUES (1,'abcdefghij'),(2,'b');
CREATE TABLE c(id int PRIMARY KEY, v int); INSERT INTO c VALUES (1,0),(2,2);
CREATE TABLE d(id int PRIMARY KEY, v int); INSERT INTO d VALUES (1,1),(2,2);
CREATE TABLE e(id int PRIMARY KEY, v enum('a','b')); INSERT INTO e VALUES (1,'a'),(2,'b');
CREATE TABLE f(id int PRIMARY KEY, v varchar(20)) CHARACTER SET utf8mb4; INSERT INTO f VALUES (1,'日本'),(2,'b');
CREATE TABLE g(id int PRIMARY KEY, v int); INSERT INTO g VALUES (1,1),(2,2);
CREATE TABLE h(id int PRIMARY KEY, v int); INSERT INTO h VALUES (1,1),(2,2);
CREATE TABLE i(id int PRIMARY KEY, v int); INSERT INTO i VALUES (1,-1),(2,2);
CREATE TABLE j(id int PRIMARY KEY, v int); INSERT INTO j VALUES (1,1),(2,2);
CREATE TABLE k(id int PRIMARY KEY, v varchar(20)); INSERT INTO k VALUES (1,'a'),(2,'b');
CREATE TABLE l(id int PRIMARY KEY, v char(5)); INSERT INTO l VALUES (1,'a'),(2,'b');
-- step: live
SET SESSION sql_mode = '';
UPDATE a SET v = 3 WHERE id = 2; UPDATE b SET v = 'x' WHERE id = 2; UPDATE c SET v = 3 WHERE id = 2; UPDATE d SET v = 3 WHERE id = 2; UPDATE e SET v = 'a' WHERE id = 2; UPDATE f SET v = 'x' WHERE id = 2; UPDATE g SET v = 3 WHERE id = 2; UPDATE h SET v = 3 WHERE id = 2; UPDATE i SET v = 3 WHERE id = 2; UPDATE j SET v = 3 WHERE id = 2; UPDATE k SET v = 'x' WHERE id = 2; UPDATE l SET v = 'x' WHERE id = 2;

SET SESSION sql_mode = '';
ALTER TABLE a MODIFY v int NOT NULL;

SET SESSION sql_mode = '';
ALTER TABLE b MODIFY v varchar(5);

SET SESSION sql_mode = '';
ALTER TABLE b MODIFY v varchar(20);

ALTER TABLE c ADD w int NOT NULL AUTO_INCREMENT UNIQUE;

ALTER TABLE d ADD w varchar(40) DEFAULT (concat('x', 'y'));

SET SESSION sql_mode = '';
ALTER TABLE e MODIFY v enum('c','a');

SET SESSION sql_mode = '';
ALTER TABLE f MODIFY v varchar(40) CHARACTER SET latin1;

ALTER TABLE g ADD w int DEFAULT 5;

ALTER TABLE g DROP w;

ALTER TABLE g ADD w int DEFAULT 6;

ALTER TABLE h ADD w int DEFAULT 5 /*!99999 COMMENT 'x' */;

SET SESSION sql_mode = '';
ALTER TABLE i MODIFY v bigint unsigned;

ALTER TABLE j ADD w int DEFAULT 0x10, ADD x varchar(5) DEFAULT _utf8mb4'z', ADD y double NOT NULL, ADD z date NOT NULL DEFAULT '2020-02-03';

SET SESSION sql_mode = 'STRICT_TRANS_TABLES';
ALTER TABLE k DEFAULT CHARACTER SET binary, MODIFY v varchar(40);

SET SESSION sql_mode = 'STRICT_TRANS_TABLES,PAD_CHAR_TO_FULL_LENGTH';
ALTER TABLE l MODIFY v varchar(9);
