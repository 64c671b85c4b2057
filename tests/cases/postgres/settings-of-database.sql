-- The database's own settings say how values are written, and in which language; the lines are the same.
-- expect: same-unmarked
-- check: SELECT encode(b, 'hex'), f::text FROM t WHERE id = 1 ==> SELECT concat(lower(hex(b)), '|', toString(f)) FROM t WHERE id = 1
-- step: before
DO $$ BEGIN
EXECUTE format('ALTER DATABASE %I SET bytea_output = %L', current_database(), 'escape');
EXECUTE format('ALTER DATABASE %I SET extra_float_digits = %L', current_database(), '-15');
EXECUTE format('ALTER DATABASE %I SET DateStyle = %L', current_database(), 'German, DMY');
EXECUTE format('ALTER DATABASE %I SET IntervalStyle = %L', current_database(), 'sql_standard');
EXECUTE format('ALTER DATABASE %I SET TimeZone = %L', current_database(), 'Asia/Kathmandu');
EXECUTE format('ALTER DATABASE %I SET lc_monetary = %L', current_database(), 'C');
EXECUTE format('ALTER DATABASE %I SET xmlbinary = %L', current_database(), 'hex');
EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = %L', current_database(), 'off');
EXECUTE format('ALTER DATABASE %I SET backslash_quote = %L', current_database(), 'off');
END $$;
CREATE TABLE t(id int PRIMARY KEY, b bytea, f float8, r real, d date, i interval, z timestamptz, m money);
INSERT INTO t VALUES (1, decode('00ff5c27', 'hex'), 0.1, 0.3, '2024-02-01', '-1 year 2 days 03:04:05.678', '2024-02-01 12:00:00+00', 12.5);
-- step: live
INSERT INTO t VALUES (2, decode('0a5c', 'hex'), 1.0/3, 1e-38, '2024-12-31', '1 mon', '1999-12-31 23:59:59.999999+00', -0.01);

UPDATE t SET d = '2024-01-02' WHERE id = 1;
