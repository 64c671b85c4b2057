-- The default of an added column is an array whose indexes do not begin at 1.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1),(2); CREATE TABLE u(id int PRIMARY KEY); INSERT INTO u VALUES (1);
-- step: down
ALTER TABLE t ADD a int[] DEFAULT '[0:1]={5,6}', ADD c numeric(6,2)[] NOT NULL DEFAULT '[-1:-1]={1.5}', ADD d box[] DEFAULT '[0:0]={(1,1),(0,0)}';
INSERT INTO t(id) VALUES (3); ALTER TABLE u ADD a timestamptz[] DEFAULT '[5:5]={2024-01-01 00:00:00+00}';
