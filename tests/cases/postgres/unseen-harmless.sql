-- What is done to tables before a look meets them, and changes no row: foreign keys, keys, defaults, labels
-- and partitions that are added, rights, names of attributes.
-- expect: same-unmarked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TYPE pair AS (a int, b text); CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child(id int PRIMARY KEY, p int REFERENCES parent);
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1,1);
CREATE TABLE late_key(id int NOT NULL, v text); ALTER TABLE late_key ADD PRIMARY KEY (id); INSERT INTO late_key VALUES (1,'a');
CREATE TABLE altered(id int PRIMARY KEY, v text, m mood, p pair); INSERT INTO altered VALUES (1,'a','sad','(1,x)');
ALTER TABLE altered REPLICA IDENTITY FULL; ALTER TABLE altered ALTER v SET STATISTICS 100; GRANT SELECT ON altered TO PUBLIC;
ALTER TABLE altered ALTER v SET DEFAULT 'x'; ALTER TABLE altered SET (fillfactor = 90); CREATE INDEX ON altered(v); COMMENT ON TABLE altered IS 'x';
ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok'; ALTER TYPE mood ADD VALUE 'best'; ALTER TYPE pair RENAME ATTRIBUTE a TO aa;
ALTER TABLE altered ADD CONSTRAINT c CHECK (id > 0); ANALYZE altered;
CREATE TABLE parts(id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts VALUES (1); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE parts_22 PARTITION OF parts_2 FOR VALUES IN (2); INSERT INTO parts VALUES (2); ALTER TABLE parts_22 RENAME TO parts_23; CREATE INDEX ON parts(id);
-- step: live
CREATE TABLE parent2(id int PRIMARY KEY); INSERT INTO parent2 VALUES (1); CREATE TABLE child2(id int PRIMARY KEY, p int REFERENCES parent2); INSERT INTO child2 VALUES (1,1);

BEGIN; CREATE TABLE slow(id int PRIMARY KEY); INSERT INTO slow VALUES (1); SELECT pg_sleep(2.5); INSERT INTO slow VALUES (2); COMMIT;

BEGIN; SAVEPOINT a; CREATE TABLE saved(id int PRIMARY KEY, v text); INSERT INTO saved VALUES (1,'x'); RELEASE a; SAVEPOINT b; ALTER TABLE saved REPLICA IDENTITY FULL; COMMIT;

CREATE TABLE parts_3 PARTITION OF parts FOR VALUES IN (3); INSERT INTO parts VALUES (3); CREATE TABLE parts_4 PARTITION OF parts FOR VALUES IN (4); INSERT INTO parts VALUES (4);
