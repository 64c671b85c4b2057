-- Under FULL rows that a key forbids come and go before it is made, in the transaction that made the table.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY);
-- step: live
BEGIN; CREATE TABLE x(id int NOT NULL, v text); ALTER TABLE x REPLICA IDENTITY FULL;
INSERT INTO x VALUES (1, 'a'), (1, 'b'); DELETE FROM x WHERE v = 'a'; ALTER TABLE x ADD PRIMARY KEY (id); COMMIT;

BEGIN; CREATE TABLE y(id int PRIMARY KEY, v text); ALTER TABLE y REPLICA IDENTITY FULL;
INSERT INTO y VALUES (1, 'a'); UPDATE y SET v = 'b', id = 2; COMMIT;

INSERT INTO x VALUES (2, 'c'); UPDATE x SET v = 'd' WHERE id = 2;
