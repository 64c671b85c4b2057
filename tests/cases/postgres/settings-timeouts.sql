-- Defaults of the database that would end or refuse sessions.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, n text); INSERT INTO t SELECT g, repeat('x', 3000) FROM generate_series(1, 2000) g;
DO $$ DECLARE s text; BEGIN FOREACH s IN ARRAY ARRAY['statement_timeout = 300', 'lock_timeout = 300', 'idle_in_transaction_session_timeout = 300',
 'idle_session_timeout = 300', 'default_transaction_isolation = serializable', 'default_transaction_deferrable = on', 'row_security = on', 'jit_above_cost = 0', 'enable_seqscan = off', 'quote_all_identifiers = on', 'array_nulls = off', 'transform_null_equals = on'] LOOP
EXECUTE format('ALTER DATABASE %I SET ', current_database()) || s; END LOOP; END $$;
-- step: live
SET statement_timeout = 0; SET idle_session_timeout = 0; INSERT INTO t VALUES (3001, 'y'); UPDATE t SET n = NULL WHERE id = 7;
