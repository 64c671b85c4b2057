-- Root with key, leaf with REPLICA IDENTITY USING INDEX of another column: a delete.
-- expect: refused 4 another replica identity
-- step: before
CREATE TABLE p(id int, y int, email text NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026);
CREATE UNIQUE INDEX p25_email ON p25 (email); ALTER TABLE p25 REPLICA IDENTITY USING INDEX p25_email;
INSERT INTO p VALUES (1,2025,'a'),(2,2025,'b'),(3,2025,'c');
-- step: live
DELETE FROM p WHERE id = 1;

UPDATE p SET id = 20 WHERE id = 2;
