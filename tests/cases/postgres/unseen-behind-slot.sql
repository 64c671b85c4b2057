-- A slot is made; tables come, are filled and altered; only then does the first stream begin.
-- expect: same-or-marked
-- options: slot-only
-- check: SELECT 'enums stale, parts stale, renamed stale, rewritten stale' ==> SELECT arrayStringConcat(arraySort(groupArray(name || ' ' || item)), ', ') FROM _cdc_state FINAL WHERE item IN ('stale', 'unproven') AND value != ''
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TABLE older(id int PRIMARY KEY, a int);
-- step: down
CREATE TABLE renamed(id int PRIMARY KEY, a int); INSERT INTO renamed VALUES (1,2); ALTER TABLE renamed RENAME a TO b;
CREATE TABLE rewritten(id int PRIMARY KEY, a int); INSERT INTO rewritten VALUES (1,2); ALTER TABLE rewritten ALTER a TYPE bigint USING a * 2;
CREATE TABLE enums(id int PRIMARY KEY, m mood); INSERT INTO enums VALUES (1,'sad'); ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
CREATE TABLE parts(id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1); INSERT INTO parts VALUES (1); DROP TABLE parts_1;
CREATE TABLE harmless(id int PRIMARY KEY, v text); INSERT INTO harmless VALUES (1,'x'); ALTER TABLE harmless REPLICA IDENTITY FULL; GRANT SELECT ON harmless TO PUBLIC; INSERT INTO older VALUES (1,2);
