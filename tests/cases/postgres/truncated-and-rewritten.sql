-- Truncated, filled and rewritten in one transaction: the rows that came between are other ones.
-- expect: same-or-marked
-- step: before
CREATE TABLE same_type(id int PRIMARY KEY, a int);
CREATE TABLE volatile_default(id int PRIMARY KEY, a int);
CREATE TABLE part(id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE keeps_text(id int PRIMARY KEY, a text);
CREATE TABLE within_savepoint(id int PRIMARY KEY, a int);
INSERT INTO same_type VALUES (9, 9);
INSERT INTO volatile_default VALUES (9, 9);
INSERT INTO part VALUES (9, 9);
INSERT INTO keeps_text VALUES (9, '9');
INSERT INTO within_savepoint VALUES (9, 9);
-- step: live
BEGIN; TRUNCATE same_type; INSERT INTO same_type VALUES (1, 1); ALTER TABLE same_type ALTER a TYPE int USING a + 100; COMMIT;

BEGIN; TRUNCATE volatile_default; INSERT INTO volatile_default VALUES (1, 1); ALTER TABLE volatile_default ADD r float8 DEFAULT random(); ALTER TABLE volatile_default ALTER r DROP DEFAULT; COMMIT;

BEGIN; TRUNCATE part; INSERT INTO part VALUES (1, 1); ALTER TABLE part ALTER a TYPE int USING a + 100; COMMIT;

BEGIN; TRUNCATE keeps_text; INSERT INTO keeps_text VALUES (1, 'b'); ALTER TABLE keeps_text ALTER a TYPE varchar(20) USING a || 'x'; ALTER TABLE keeps_text ALTER a TYPE text USING a || 'y'; COMMIT;

BEGIN; TRUNCATE within_savepoint; INSERT INTO within_savepoint VALUES (1, 1); SAVEPOINT s; ALTER TABLE within_savepoint ALTER a TYPE int USING a + 100; RELEASE s; COMMIT;
