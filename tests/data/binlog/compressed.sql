-- A compressed transaction, or MariaDB's compressed rows and statements.
CREATE TABLE many (id int PRIMARY KEY, note varchar(200)) CHARSET utf8mb4;
BEGIN; INSERT INTO many VALUES (1, REPEAT('a', 150)), (2, REPEAT('b', 150)), (3, REPEAT('é', 100)); UPDATE many SET note = CONCAT(note, '!'); DELETE FROM many WHERE id = 2; COMMIT;
