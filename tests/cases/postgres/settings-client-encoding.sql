-- A database in another encoding, which is its client_encoding too.
-- expect: same-unmarked
-- options: db ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0
-- check: SELECT encode(convert_to(n, 'UTF8'), 'hex') FROM t WHERE id = 1 ==> SELECT lower(hex(n)) FROM t WHERE id = 1
-- step: before
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET client_encoding = %L', current_database(), 'LATIN1'); END $$;
CREATE TABLE t(id int PRIMARY KEY, n text); INSERT INTO t VALUES (1, U&'\00e4\00f6\00fc');
-- step: live
INSERT INTO t VALUES (2, U&'\00df'); UPDATE t SET n = n || U&'\00e9' WHERE id = 1;
