-- Root USING INDEX, leaf DEFAULT: an update of the root's identity.
-- expect: refused 4 another replica identity
-- step: before
CREATE TABLE p(id int, y int, email text NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026);
CREATE UNIQUE INDEX p_email ON p (email, y); ALTER TABLE p REPLICA IDENTITY USING INDEX p_email;
INSERT INTO p VALUES (1,2025,'a'),(2,2025,'b'),(3,2025,'c');
-- step: live
UPDATE p SET email = 'bb' WHERE id = 2;
