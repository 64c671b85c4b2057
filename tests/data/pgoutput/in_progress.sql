-- Transactions that are sent while they run: interleaved with small and large ones, subtransactions
-- rolled back, DDL within, one rolled back as a whole.
CREATE TABLE a (id integer PRIMARY KEY, v text);
CREATE TABLE b (id integer PRIMARY KEY, n integer, t text);
-- stream
BEGIN;
INSERT INTO a SELECT i, 'x' FROM generate_series(1, 500) i;
\! $OTHER -c "INSERT INTO b VALUES (1, 1, 'small')"
SAVEPOINT one;
INSERT INTO b SELECT 1000 + i FROM generate_series(1, 500) i;
ROLLBACK TO one;
\! $OTHER -c "BEGIN; INSERT INTO b SELECT 2000 + i, i, 'between' FROM generate_series(1, 600) i; COMMIT"
SAVEPOINT two;
ALTER TABLE a ADD w integer;
INSERT INTO a SELECT i, 'undone', i FROM generate_series(501, 1000) i;
ROLLBACK TO two;
INSERT INTO a SELECT i, 'kept' FROM generate_series(501, 1000) i;
\! $OTHER -c "DELETE FROM b WHERE id < 2100"
SAVEPOINT three;
ALTER TABLE a ADD u integer DEFAULT 3;
INSERT INTO a SELECT i, 'wider', i FROM generate_series(1001, 1300) i;
RELEASE three;
UPDATE a SET v = 'changed' WHERE id <= 300;
UPDATE a SET id = -id WHERE id <= 50;
DELETE FROM a WHERE id BETWEEN 51 AND 99;
TRUNCATE b;
INSERT INTO b VALUES (3, 3, 'after the truncate');
COMMIT;
BEGIN;
INSERT INTO a SELECT i, 'undone' FROM generate_series(2001, 2500) i;
ROLLBACK;
INSERT INTO b VALUES (4, 4, 'last');
INSERT INTO a VALUES (5000, 'last', 5);
