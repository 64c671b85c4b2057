-- Labels of enums and sets are added, put elsewhere, renamed and swapped: rows keep their number or their label.
-- expect: same-or-marked
-- step: before
CREATE TABLE added(id int PRIMARY KEY, m enum('a','b'), s set('x','y')); CREATE TABLE moved(id int PRIMARY KEY, m enum('a','b')); CREATE TABLE renamed(id int PRIMARY KEY, m enum('a','b'), s set('x','y')); CREATE TABLE gone(id int PRIMARY KEY, m enum('a','b',''));
INSERT INTO added VALUES (1,'a','x'),(2,'b','x,y'); INSERT INTO moved VALUES (1,'a'),(2,'b'); INSERT INTO renamed VALUES (1,'a','x'),(2,'b','x,y'); INSERT INTO gone VALUES (1,'a'),(2,'b'),(3,'');
CREATE TABLE ordered(id int PRIMARY KEY, s set('x','y','z')); INSERT INTO ordered VALUES (1,'x,z'),(2,'y');
-- step: live
UPDATE ordered SET s='z' WHERE id=2;

SET sql_mode='STRICT_TRANS_TABLES'; ALTER TABLE ordered MODIFY s set('z','y','x');

ALTER TABLE added MODIFY m enum('a','b','c'), MODIFY s set('x','y','z'); INSERT INTO added VALUES (3,'c','x,z');

ALTER TABLE moved MODIFY m enum('z','b','a'); INSERT INTO moved VALUES (3,'z');
-- step: down
SET sql_mode=''; ALTER TABLE renamed MODIFY m enum('a','bb'), MODIFY s set('xx','y'); INSERT INTO renamed VALUES (3,'bb','xx');
ALTER TABLE gone MODIFY m enum('b',''); INSERT INTO gone VALUES (4,'b');
