-- A numeric of a scale becomes one that ClickHouse has as text: stored rows lose their last zeros. Without a scale they have none.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, n numeric(6,2)); INSERT INTO t VALUES (1,1.50),(2,2); CREATE TABLE u(id int PRIMARY KEY, n numeric(6,2)); INSERT INTO u VALUES (1,1.50); CREATE TABLE w(id int PRIMARY KEY, n numeric(6,0)); INSERT INTO w VALUES (1,50);
CREATE TABLE k(n numeric(6,2), v int); ALTER TABLE k REPLICA IDENTITY FULL; INSERT INTO k VALUES (1.50,1),(2,2);
-- step: live
ALTER TABLE t ALTER n TYPE numeric; INSERT INTO t VALUES (3,3.50); ALTER TABLE w ALTER n TYPE numeric; INSERT INTO w VALUES (2,1.5); ALTER TABLE k ALTER n TYPE numeric; UPDATE k SET v=3;
-- step: down
ALTER TABLE u ALTER n TYPE numeric(90,2); INSERT INTO u VALUES (2,2.50);
