-- A float's default of -0, alone and in an array.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1),(2);
-- step: down
ALTER TABLE t ADD r real DEFAULT '-0', ADD d float8 NOT NULL DEFAULT '-0', ADD a float8[] DEFAULT '{-0,NULL,1.5}';
INSERT INTO t(id) VALUES (3);
