-- A column of a domain whose own default fills the old rows.
-- expect: same-or-marked
-- step: before
CREATE DOMAIN pos AS int DEFAULT 7 CHECK (VALUE > 0);
CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1),(2);
-- step: down
ALTER TABLE t ADD COLUMN p pos;
INSERT INTO t VALUES (3, 9);
