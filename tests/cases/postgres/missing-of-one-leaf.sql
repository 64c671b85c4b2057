-- A column without default at the root, and a new empty leaf whose own column has a default of its own.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026); INSERT INTO p VALUES (1,2025);
-- step: down
ALTER TABLE p ADD c int;
BEGIN; CREATE TABLE p26(id int NOT NULL, y int NOT NULL, PRIMARY KEY (id,y)); ALTER TABLE p26 ADD c int DEFAULT 7; ALTER TABLE p ATTACH PARTITION p26 FOR VALUES FROM (2026) TO (2027); COMMIT;
INSERT INTO p VALUES (3,2026,1);
