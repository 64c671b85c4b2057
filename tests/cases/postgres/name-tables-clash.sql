-- Tables whose names are those that the loader makes for others.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE t_raw(id int PRIMARY KEY, v text); CREATE TABLE t_pending(id int PRIMARY KEY, v text); CREATE TABLE "T"(id int PRIMARY KEY, v text); CREATE TABLE _cdc_state(id int PRIMARY KEY);
INSERT INTO t VALUES (1,'t'); INSERT INTO t_raw VALUES (1,'raw'); INSERT INTO t_pending VALUES (1,'p'); INSERT INTO "T" VALUES (1,'T'); INSERT INTO _cdc_state VALUES (5);
-- step: live
INSERT INTO t VALUES (2,'t'); INSERT INTO t_raw VALUES (2,'raw'); UPDATE "T" SET v='U';
