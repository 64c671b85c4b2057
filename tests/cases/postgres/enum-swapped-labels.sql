-- Two labels swap their names between two looks.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1,'sad'),(2,'ok');
-- step: down
ALTER TYPE mood RENAME VALUE 'sad' TO 'x'; ALTER TYPE mood RENAME VALUE 'ok' TO 'sad'; ALTER TYPE mood RENAME VALUE 'x' TO 'ok'; INSERT INTO t VALUES (3,'ok');
