-- Constant defaults whose text has every quote, and arrays, json, bytea, composite.
-- expect: same
-- step: before
CREATE TYPE pair AS (a int, b text); CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1),(2);
-- step: down
ALTER TABLE t ADD a text DEFAULT E'it''s "x" \\ {a,b} \n'; ALTER TABLE t ADD b text[] DEFAULT ARRAY['a,b', NULL, '"', '{}', '']; ALTER TABLE t ADD c jsonb DEFAULT '{"a": [1, null, "x\"y"]}'; ALTER TABLE t ADD d bytea DEFAULT '\x00ff5c'; ALTER TABLE t ADD e pair DEFAULT '(1,"x,y")'; ALTER TABLE t ADD f numeric DEFAULT 'NaN'; ALTER TABLE t ADD g text DEFAULT ''; ALTER TABLE t ADD h bool NOT NULL DEFAULT true; ALTER TABLE t ADD i text DEFAULT NULL;
INSERT INTO t(id) VALUES (3);
