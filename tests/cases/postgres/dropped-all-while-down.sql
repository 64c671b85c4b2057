-- The only table is dropped while the pipe is down, and a new one has nothing yet.
-- expect: same-or-marked
-- check: SELECT 'seen stale' ==> SELECT arrayStringConcat(arraySort(groupArray(name || ' ' || item)), ', ') FROM _cdc_state FINAL WHERE item IN ('stale', 'unproven') AND value != ''
-- step: before
CREATE TABLE seen(id int PRIMARY KEY); INSERT INTO seen VALUES (1);
-- step: down
DROP TABLE seen;
-- step: down
CREATE TABLE other(id int PRIMARY KEY);
