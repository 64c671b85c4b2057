-- Columns are dropped, renamed, swapped and put elsewhere, while the stream runs and while it does not.
-- expect: same-or-marked
-- step: before
CREATE TABLE dropped(id int PRIMARY KEY, a int, b int); CREATE TABLE back(id int PRIMARY KEY, a int, b int); CREATE TABLE renamed(id int PRIMARY KEY, a int, b int);
CREATE TABLE swapped(id int PRIMARY KEY, a int, b int); CREATE TABLE reordered(id int PRIMARY KEY, a int, b int); CREATE TABLE changed(id int PRIMARY KEY, a int, b int);
INSERT INTO dropped VALUES (1,1,2),(2,3,4); INSERT INTO back SELECT * FROM dropped; INSERT INTO renamed SELECT * FROM dropped; INSERT INTO swapped SELECT * FROM dropped; INSERT INTO reordered SELECT * FROM dropped; INSERT INTO changed SELECT * FROM dropped;
-- step: live
ALTER TABLE dropped DROP a; UPDATE dropped SET b=5 WHERE id=1;

ALTER TABLE back DROP a; ALTER TABLE back ADD a int;

ALTER TABLE swapped RENAME COLUMN a TO b, RENAME COLUMN b TO a;
-- step: down
ALTER TABLE renamed RENAME COLUMN a TO c; UPDATE renamed SET c=7 WHERE id=2;
ALTER TABLE reordered MODIFY b int FIRST; INSERT INTO reordered VALUES (10,3,11);
ALTER TABLE changed CHANGE a aa bigint, CHANGE b bb int AFTER id; INSERT INTO changed VALUES (3,4,5);
