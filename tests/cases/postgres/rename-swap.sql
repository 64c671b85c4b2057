-- Two tables swap their names, as online rebuilds do.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'a1'),(2,'a2'); INSERT INTO b VALUES (1,'b1'),(3,'b3');
-- step: down
BEGIN; ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b; COMMIT;
INSERT INTO a VALUES (7,'a7');
