-- Foreign keys without CASCADE say nothing that the log does not; checks that are switched off neither.
-- expect: same-unmarked
-- step: before
CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id) ON DELETE RESTRICT ON UPDATE NO ACTION); INSERT INTO p VALUES (1),(2); INSERT INTO c VALUES (1,1);
-- step: live
INSERT INTO c VALUES (2,2); DELETE FROM c WHERE p=1; DELETE FROM p WHERE id=1; SET foreign_key_checks=0, unique_checks=0; INSERT INTO c VALUES (3,77);
-- step: down
SET foreign_key_checks=0; TRUNCATE p; INSERT INTO p VALUES (5); UPDATE c SET p=5;
