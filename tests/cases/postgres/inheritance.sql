-- A child by INHERITS is a table of its own, and a column of the parent comes to both.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(extra int, PRIMARY KEY (id)) INHERITS (a); INSERT INTO a VALUES (1,'a'); INSERT INTO b VALUES (2,'b',3);
-- step: live
ALTER TABLE a ADD n int DEFAULT 4;

INSERT INTO b VALUES (5,'c',6,7); UPDATE a SET v='x';
-- step: down
TRUNCATE ONLY a; INSERT INTO a VALUES (9,'z',1);
