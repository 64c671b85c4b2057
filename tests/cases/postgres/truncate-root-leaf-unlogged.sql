-- Leaf-wise bulk load behind a truncate of the root.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026); INSERT INTO p VALUES (1,2025);
-- step: down
BEGIN; TRUNCATE p; ALTER TABLE p25 SET UNLOGGED; INSERT INTO p VALUES (2,2025); ALTER TABLE p25 SET LOGGED; COMMIT;
