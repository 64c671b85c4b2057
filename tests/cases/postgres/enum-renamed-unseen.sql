-- A table is made and filled, and a label of its enum renamed, before any look has met it.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1,'sad');
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
