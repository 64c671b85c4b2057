-- Columns get a constant, or are NULL, in tables of which no change came before on the connection, or none comes at all.
-- expect: same-unmarked
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1,1),(2,2);
CREATE TABLE b LIKE a; CREATE TABLE c LIKE a; CREATE TABLE d LIKE a; CREATE TABLE e LIKE a; CREATE TABLE f LIKE a; CREATE TABLE other(id int PRIMARY KEY);
INSERT INTO b SELECT * FROM a; INSERT INTO c SELECT * FROM a; INSERT INTO d SELECT * FROM a; INSERT INTO e SELECT * FROM a; INSERT INTO f SELECT * FROM a;
-- step: live
ALTER TABLE a ADD w int NOT NULL DEFAULT 7, ADD x varchar(9) DEFAULT 'it is', ADD y text;

ALTER TABLE b ADD w int NOT NULL DEFAULT 7; ALTER TABLE b ADD x decimal(5,2) NOT NULL DEFAULT 1.5; ALTER TABLE b ALTER w SET DEFAULT 8; INSERT INTO b(id) VALUES (3);

ALTER TABLE c ADD w text, ADD x json DEFAULT NULL, ADD y timestamp NULL, ADD z text NOT NULL, ADD u datetime NOT NULL DEFAULT '2025-02-28 10:00:00', ADD t date DEFAULT '2024-02-28';

INSERT INTO other VALUES (1);
-- step: down
ALTER TABLE d ADD w int NOT NULL DEFAULT 7; INSERT INTO other VALUES (2); ALTER TABLE d ADD x int;
ALTER TABLE e ADD w int DEFAULT 5; UPDATE e SET w = 6 WHERE id = 1; ALTER TABLE e ADD x text; INSERT INTO other VALUES (3);
ALTER TABLE f ADD x tinyint NOT NULL; FLUSH LOGS;
