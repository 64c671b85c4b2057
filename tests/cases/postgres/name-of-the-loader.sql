-- Tables and columns that are called as the loader's own things.
-- expect: same-unmarked
-- step: before
CREATE TABLE _cdc_state(scope int PRIMARY KEY, name int, item int, version int); CREATE TABLE t(id int PRIMARY KEY, _cdc_x int, "_cdc times" int, _no_column int);
CREATE TABLE t_raw(id int PRIMARY KEY); CREATE TABLE t_pending(_key text PRIMARY KEY, _line text); CREATE TABLE t_raw_rebuild(id int PRIMARY KEY);
CREATE TABLE t_remake_00000000000000000000000000000000(id int PRIMARY KEY); CREATE TABLE _cdc(id int PRIMARY KEY);
INSERT INTO _cdc_state VALUES (1, 2, 3, 4); INSERT INTO t VALUES (1, 2, 3, 4); INSERT INTO t_raw VALUES (1); INSERT INTO t_pending VALUES ('k', 'l');
INSERT INTO t_raw_rebuild VALUES (1); INSERT INTO t_remake_00000000000000000000000000000000 VALUES (1); INSERT INTO _cdc VALUES (1);
-- step: live
INSERT INTO _cdc_state VALUES (2, 3, 4, 5); UPDATE t SET _cdc_x = 9; INSERT INTO t_raw VALUES (2); UPDATE t_pending SET _line = 'm';
ALTER TABLE t ADD y int; INSERT INTO t VALUES (2, 3, 4, 5, 6);

INSERT INTO t_remake_00000000000000000000000000000000 VALUES (2); DELETE FROM _cdc;
