-- Root without key FULL, leaf with a key of its own: a delete.
-- expect: refused 4 another replica identity
-- step: before
CREATE TABLE p(id int, y int, body text) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026);
ALTER TABLE p25 ADD PRIMARY KEY (id);
ALTER TABLE p REPLICA IDENTITY FULL;
INSERT INTO p VALUES (1,2025,'a'),(2,2025,'b');
-- step: live
DELETE FROM p WHERE id = 1;
