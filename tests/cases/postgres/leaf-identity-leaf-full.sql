-- A root with a key, one partition under FULL and one not; then the root under FULL with them as they are.
-- expect: same
-- step: before
CREATE TABLE p(id int, y int, body text, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE p25 PARTITION OF p FOR VALUES FROM (2025) TO (2026);
CREATE TABLE p26 PARTITION OF p FOR VALUES FROM (2026) TO (2027);
ALTER TABLE p25 REPLICA IDENTITY FULL;
ALTER TABLE p25 ALTER body SET STORAGE EXTERNAL;
ALTER TABLE p26 ALTER body SET STORAGE EXTERNAL;
INSERT INTO p SELECT g, 2025 + g % 2, repeat(md5(g::text), 300) FROM generate_series(1, 20) g;
-- step: live
UPDATE p SET id = id + 100 WHERE id < 5;

DELETE FROM p WHERE id IN (10, 11);

TRUNCATE p;

INSERT INTO p SELECT g, 2025 + g % 2, repeat(md5(g::text), 301) FROM generate_series(200, 205) g;

ALTER TABLE p REPLICA IDENTITY FULL;

UPDATE p SET id = id + 1000 WHERE id BETWEEN 200 AND 203;

DELETE FROM p WHERE id IN (204, 205);
