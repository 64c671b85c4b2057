-- Two tables swap names, rows come, and they swap back, while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, v text); INSERT INTO a VALUES (1,'a'); INSERT INTO b VALUES (1,'b');
-- step: down
ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b; INSERT INTO a VALUES (2,'in b'); DELETE FROM b WHERE id=1; ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b;
