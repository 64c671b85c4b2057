-- A key with SET NULL comes while the pipe is down, deletes a parent, and goes again before anyone looks.
-- expect: refused 4 gets a foreign key with CASCADE or SET NULL
-- step: before
CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(id int PRIMARY KEY, p int); INSERT INTO p VALUES (1),(2); INSERT INTO c VALUES (1,1),(2,2);
-- step: down
ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET NULL; DELETE FROM p WHERE id=1; ALTER TABLE c DROP FOREIGN KEY f;
