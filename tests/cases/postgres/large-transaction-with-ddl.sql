-- A large transaction in segments: subtransactions rolled back, DDL in them, tables made and dropped in it. The server fails at it
-- while it runs (could not map filenode), and decodes it after its commit.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE u(id int PRIMARY KEY, v text); INSERT INTO u VALUES (1,'old');
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET logical_decoding_work_mem = ''64kB''', current_database()); END $$;
-- step: down
BEGIN; INSERT INTO t SELECT g, repeat('a',100) FROM generate_series(1,2000) g;
SAVEPOINT a; INSERT INTO t SELECT g, repeat('b',100) FROM generate_series(2001,4000) g; ALTER TABLE t ADD c int DEFAULT 5; INSERT INTO t SELECT g, repeat('c',100), g FROM generate_series(4001,6000) g; ROLLBACK TO a;
INSERT INTO t SELECT g, repeat('d',100) FROM generate_series(2001,3000) g;
SAVEPOINT b; INSERT INTO u SELECT g, repeat('e',100) FROM generate_series(2,2000) g; SAVEPOINT c; UPDATE u SET v = 'f' || id; ROLLBACK TO c; DELETE FROM u WHERE id % 3 = 0; RELEASE b;
ALTER TABLE t ADD d int DEFAULT 7; UPDATE t SET d = id WHERE id % 5 = 0; TRUNCATE u; INSERT INTO u SELECT g, 'new' FROM generate_series(1,1500) g;
CREATE TABLE n(id int PRIMARY KEY, w text); INSERT INTO n SELECT g, repeat('w',50) FROM generate_series(1,2000) g; CREATE TABLE gone(id int PRIMARY KEY, w text); INSERT INTO gone SELECT g, repeat('w',50) FROM generate_series(1,2000) g; DROP TABLE gone;
COMMIT;
UPDATE t SET v='z' WHERE id=1; UPDATE n SET w='z' WHERE id=1;
