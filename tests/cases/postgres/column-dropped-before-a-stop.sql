-- A column is dropped just before a stop and another of the name made before the next start; none of it with rows.
-- expect: same-or-marked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1,10); CREATE TABLE b(id int PRIMARY KEY, v int); INSERT INTO b VALUES (1,10); CREATE TABLE c(id int PRIMARY KEY, v int); INSERT INTO c VALUES (1,10);
-- step: live
ALTER TABLE a DROP v; INSERT INTO a VALUES (2);

ALTER TABLE b DROP v;

ALTER TABLE c RENAME TO d; INSERT INTO d VALUES (2,2);
-- step: down
ALTER TABLE a ADD v int; ALTER TABLE b ADD v int; INSERT INTO b VALUES (5,5); CREATE TABLE c(id int PRIMARY KEY, v int); INSERT INTO c VALUES (5,5);
-- step: live
INSERT INTO a VALUES (3,3);
