-- Types of columns grow, and hold what was in them: no table is marked.
-- expect: same-unmarked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, i tinyint unsigned, j smallint, d decimal(6,2) unsigned, s varchar(5), c char(4), t tinytext, e enum('a','b'), n int NOT NULL, m set('x','y')); INSERT INTO a VALUES (1,255,-3,1.25,'abc','d ','t','b',5,'x,y'),(2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'');
CREATE TABLE b(id int PRIMARY KEY, v int); INSERT INTO b VALUES (1,1),(2,2);
-- step: live
UPDATE a SET n = 6 WHERE id = 2; UPDATE b SET v = 3 WHERE id = 2;

SET SESSION sql_mode = 'STRICT_TRANS_TABLES';
ALTER TABLE a MODIFY i smallint, MODIFY COLUMN j bigint COMMENT 'more', MODIFY d decimal(9,2), MODIFY s varchar(50) DEFAULT 'x', CHANGE c c varchar(8), MODIFY t longtext FIRST, MODIFY e enum('a','z','b'), MODIFY n int NULL, MODIFY m set('x','y','z');

INSERT INTO a(id, i, j, d, s, c, t, e, n, m) VALUES (3,-1,9223372036854775807,1234567.89,repeat('s',50),'12345678','long','z',NULL,'z');

SET SESSION sql_mode = 'STRICT_TRANS_TABLES';
ALTER TABLE a MODIFY s text, MODIFY id bigint;

INSERT INTO a(id, s) VALUES (4,'text');

SET SESSION sql_mode = 'STRICT_TRANS_TABLES';
ALTER TABLE b MODIFY v int NOT NULL;

SET SESSION sql_mode = 'STRICT_TRANS_TABLES';
ALTER TABLE b MODIFY v bigint NOT NULL, ADD w int NOT NULL DEFAULT 4;
