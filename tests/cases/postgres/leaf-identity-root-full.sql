-- Root FULL, leaf DEFAULT; a key changes beside an unchanged TOAST value.
-- expect: same
-- step: before
CREATE TABLE p(id int, y int, body text, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026);
ALTER TABLE p25 ALTER body SET STORAGE EXTERNAL;
ALTER TABLE p REPLICA IDENTITY FULL;
INSERT INTO p VALUES (1,2025,repeat('x',20000)),(2,2025,repeat('y',20000));
-- step: live
UPDATE p SET id = 10 WHERE id = 1;
