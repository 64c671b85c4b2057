-- Under FULL equal rows come before a primary key in the transaction that made the table, which writes the table's own row
-- of the catalog once more behind the key.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY);
-- step: live
BEGIN; CREATE TABLE r(id int NOT NULL, v text); ALTER TABLE r REPLICA IDENTITY FULL;
INSERT INTO r VALUES (1, 'a'), (1, 'a'), (2, 'b'); DELETE FROM r WHERE ctid = (SELECT min(ctid) FROM r);
ALTER TABLE r ADD PRIMARY KEY (id); ALTER TABLE r RENAME TO s; COMMIT; INSERT INTO s VALUES (3, 'c');

BEGIN; CREATE TABLE g(id int NOT NULL, v text); ALTER TABLE g REPLICA IDENTITY FULL;
INSERT INTO g VALUES (1, 'a'), (1, 'a'), (2, 'b'); DELETE FROM g WHERE ctid = (SELECT min(ctid) FROM g);
ALTER TABLE g ADD PRIMARY KEY (id); ALTER TABLE g ADD n int REFERENCES t; GRANT SELECT ON g TO PUBLIC; COMMIT;

BEGIN; CREATE TABLE k(id int NOT NULL, v text); ALTER TABLE k ADD PRIMARY KEY (id); ALTER TABLE k REPLICA IDENTITY FULL;
INSERT INTO k VALUES (1, 'a'); UPDATE k SET v = 'b', id = 2; COMMIT;
