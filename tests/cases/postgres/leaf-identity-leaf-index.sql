-- Root with key, leaf with another identity: an update of the root's key.
-- expect: refused 4 another replica identity
-- step: before
CREATE TABLE p(id int, y int, email text NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026);
CREATE UNIQUE INDEX p25_email ON p25 (email); ALTER TABLE p25 REPLICA IDENTITY USING INDEX p25_email;
INSERT INTO p VALUES (1,2025,'a'),(2,2025,'b'),(3,2025,'c');
-- step: live
UPDATE p SET id = 20 WHERE id = 2;
