-- A modified column changes a generated one that is made of it.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, e enum('a','b'), g int AS (e+0) STORED); INSERT INTO t(id,e) VALUES (1,'a'),(2,'b');
CREATE TABLE u(id int PRIMARY KEY, v varchar(10) CHARACTER SET latin1, g int AS (LENGTH(v)) STORED) DEFAULT CHARSET utf8mb4; INSERT INTO u(id,v) VALUES (1,'a'),(2,_latin1 0xE9);
-- step: live
UPDATE t SET e='b' WHERE id=2; UPDATE t SET e='a' WHERE id=2; UPDATE u SET v='a' WHERE id=2; UPDATE u SET v=_latin1 0xE9 WHERE id=2;

SET sql_mode='STRICT_ALL_TABLES'; ALTER TABLE t MODIFY e enum('z','a','b');

SET sql_mode='STRICT_ALL_TABLES'; ALTER TABLE u MODIFY v varchar(20);

INSERT INTO t(id,e) VALUES (9,'z'); INSERT INTO u(id,v) VALUES (9,'z');
