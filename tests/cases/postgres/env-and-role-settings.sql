-- Settings of the role and the database change no line.
-- expect: same
-- options: env PGDATESTYLE=German,DMY
-- step: before
CREATE TABLE t(id int PRIMARY KEY, d date, ts timestamp, i interval, b bytea, f float8, m money, x xml, r tstzrange, a date[]);
INSERT INTO t VALUES (1,'2025-02-03','2025-02-03 04:05:06.7','1 year 2 days -3 hours','\x00ff',0.1,1234.5,'<a/>','[2025-01-01 00:00+00,2025-01-02 00:00+00)','{2025-02-03}');
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'America/New_York'); EXECUTE format('ALTER DATABASE %I SET intervalstyle = %L', current_database(), 'sql_standard'); EXECUTE format('ALTER DATABASE %I SET bytea_output = escape', current_database()); EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -3', current_database()); EXECUTE format('ALTER DATABASE %I SET datestyle = %L', current_database(), 'SQL, DMY'); EXECUTE format('ALTER DATABASE %I SET lc_monetary = %L', current_database(), 'C'); EXECUTE format('ALTER DATABASE %I SET statement_timeout = %L', current_database(), '900ms'); EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = off', current_database()); EXECUTE format('ALTER DATABASE %I SET search_path = %L', current_database(), 'nowhere'); END $$;
-- step: live
INSERT INTO public.t VALUES (2,'2025-02-03','2025-02-03 04:05:06.7','1 year 2 days -3 hours','\x00ff',0.1,1234.5,'<a/>','[2025-01-01 00:00+00,2025-01-02 00:00+00)','{2025-02-03}');
