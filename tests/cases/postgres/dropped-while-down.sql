-- Tables that are dropped while the pipe is down are marked, whether a look has met them or not.
-- expect: same-or-marked
-- check: SELECT 'partitioned stale, seen stale, unseen stale' ==> SELECT arrayStringConcat(arraySort(groupArray(name || ' ' || item)), ', ') FROM _cdc_state FINAL WHERE item IN ('stale', 'unproven') AND value != ''
-- step: before
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1); CREATE TABLE seen(id int PRIMARY KEY); INSERT INTO seen VALUES (1);
CREATE TABLE partitioned(id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE partitioned_1 PARTITION OF partitioned FOR VALUES IN (1); INSERT INTO partitioned VALUES (1);
-- step: down
DROP TABLE seen; DROP TABLE partitioned; CREATE TABLE unseen(id int PRIMARY KEY); INSERT INTO unseen VALUES (1); DROP TABLE unseen; INSERT INTO z VALUES (2);
