-- Statements spell names of columns in another case than the table has them.
-- expect: same-or-marked
-- step: before
SET NAMES utf8mb4;
CREATE TABLE t(id int PRIMARY KEY, v int, w int); INSERT INTO t VALUES (1,1,1),(2,2,2);
CREATE TABLE u(id int PRIMARY KEY, v int, w int); INSERT INTO u VALUES (1,1,1),(2,2,2);
CREATE TABLE x(id int PRIMARY KEY, v int, w int); INSERT INTO x VALUES (1,1,1),(2,2,2);
CREATE TABLE y(id int PRIMARY KEY, é int, w int); INSERT INTO y VALUES (1,1,1),(2,2,2);
CREATE TABLE m(id int PRIMARY KEY, v int, w int); INSERT INTO m VALUES (1,1,1),(2,2,2);
-- step: live
UPDATE t SET w=9 WHERE id=1; UPDATE u SET w=9 WHERE id=1; UPDATE m SET w=9 WHERE id=1;

ALTER TABLE t DROP COLUMN V; ALTER TABLE t ADD v int; INSERT INTO t VALUES (3,3,3);

ALTER TABLE u DROP V, ADD v int; INSERT INTO u VALUES (3,3,3);

ALTER TABLE x DROP v; ALTER TABLE x ADD V int; INSERT INTO x VALUES (3,3,3);

SET SESSION sql_mode='STRICT_TRANS_TABLES'; ALTER TABLE m MODIFY V bigint; INSERT INTO m VALUES (3,3,3);
-- step: down
SET NAMES utf8mb4; ALTER TABLE y DROP É; ALTER TABLE y ADD COLUMN é int FIRST; INSERT INTO y VALUES (3,3,3);
