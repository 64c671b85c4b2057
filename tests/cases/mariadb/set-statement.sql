-- DDL behind SET STATEMENT, and with NOWAIT and WAIT.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2);
CREATE TABLE u(id int PRIMARY KEY, v int); INSERT INTO u VALUES (1,1),(2,2);
CREATE TABLE w(id int PRIMARY KEY, v int); INSERT INTO w VALUES (1,1),(2,2);
CREATE TABLE x(id int PRIMARY KEY, v int); INSERT INTO x VALUES (1,1),(2,2);
CREATE TABLE y(id int PRIMARY KEY, v int); INSERT INTO y VALUES (1,1),(2,2);
CREATE TABLE n(id int PRIMARY KEY, v int); INSERT INTO n VALUES (1,1),(2,2);
-- step: live
SET STATEMENT lock_wait_timeout=5 FOR TRUNCATE TABLE t;

SET STATEMENT lock_wait_timeout=5, max_statement_time=100 FOR ALTER TABLE u ADD w int NOT NULL DEFAULT 5;

SET STATEMENT sql_mode='' FOR CREATE OR REPLACE TABLE w(id int PRIMARY KEY, v int); INSERT INTO w VALUES (7,7);

ALTER TABLE n NOWAIT RENAME TO n2;
-- step: down
SET STATEMENT lock_wait_timeout=5 FOR RENAME TABLE x TO z; SET STATEMENT lock_wait_timeout=5 FOR DROP TABLE y; CREATE TABLE y(id int PRIMARY KEY, v int); INSERT INTO y VALUES (7,7);
