-- No key anywhere, leaves FULL, root DEFAULT.
-- expect: refused 4 another replica identity
-- step: before
CREATE TABLE p(id int, y int, v text) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026); ALTER TABLE p25 REPLICA IDENTITY FULL;
INSERT INTO p SELECT g,2025,'x' FROM generate_series(1,5) g;
-- step: live
DELETE FROM p WHERE id=3; UPDATE p SET v='z' WHERE id=4;
