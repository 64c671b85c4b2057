-- Tables that are made, filled, altered and filled again in one transaction, also in a savepoint.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY);
-- step: live
BEGIN;
CREATE TABLE renamed(id int PRIMARY KEY, v text); INSERT INTO renamed VALUES (1, 'x');
ALTER TABLE renamed RENAME v TO w; INSERT INTO renamed VALUES (2, 'y');
CREATE TABLE swapped(id int PRIMARY KEY, v int, w int); INSERT INTO swapped VALUES (1, 1, 2);
ALTER TABLE swapped RENAME v TO z; ALTER TABLE swapped RENAME w TO v; ALTER TABLE swapped RENAME z TO w;
INSERT INTO swapped VALUES (2, 3, 4);
SAVEPOINT s;
CREATE TABLE anew(id int PRIMARY KEY, v int, w int); INSERT INTO anew VALUES (1, 1, 2);
ALTER TABLE anew DROP v; ALTER TABLE anew ADD v int; INSERT INTO anew VALUES (2, 3, 4);
RELEASE s;
COMMIT;
-- step: down
BEGIN;
CREATE TABLE renamed_down(id int PRIMARY KEY, v text); INSERT INTO renamed_down VALUES (1, 'x');
ALTER TABLE renamed_down RENAME v TO w; INSERT INTO renamed_down VALUES (2, 'y');
COMMIT;
