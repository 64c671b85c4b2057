-- A column is dropped, and made anew after a restart.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v int, w int); INSERT INTO a VALUES (1,10,100),(2,20,200); CREATE TABLE b LIKE a; INSERT INTO b SELECT * FROM a; CREATE TABLE c LIKE a; INSERT INTO c SELECT * FROM a;
-- step: live
ALTER TABLE a DROP COLUMN v; INSERT INTO a VALUES (3,300);

ALTER TABLE b DROP COLUMN v;
-- step: down
ALTER TABLE a ADD v int; INSERT INTO a VALUES (4,400,40); ALTER TABLE c DROP COLUMN w;
-- step: live
ALTER TABLE b ADD v int; INSERT INTO b VALUES (4,400,40);
-- step: down
ALTER TABLE c ADD w int; INSERT INTO c VALUES (5,50,500);
