-- What a foreign key with CASCADE changes is not in the log: such a table is refused.
-- expect: refused 4 has CASCADE or SET NULL
-- step: before
CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE); INSERT INTO p VALUES (1),(2); INSERT INTO c VALUES (1,1),(2,2);
-- step: live
DELETE FROM p WHERE id=1;
