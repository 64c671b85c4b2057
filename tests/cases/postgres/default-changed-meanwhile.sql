-- The default that filled the old rows is another one when the pipe looks.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: down
ALTER TABLE t ADD COLUMN d int DEFAULT 5; ALTER TABLE t ALTER d SET DEFAULT 6; INSERT INTO t(id, v) VALUES (3,'c');
ALTER TABLE t ALTER d DROP DEFAULT; INSERT INTO t(id, v) VALUES (4,'d');
