-- A label is added, used and renamed while the pipe is down: no look has met it, rows have.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE DOMAIN dmood AS mood;
CREATE TABLE t(id int PRIMARY KEY, m mood); CREATE TABLE a(id int PRIMARY KEY, m mood[]); CREATE TABLE d(id int PRIMARY KEY, m dmood);
INSERT INTO t VALUES (1,'sad'); INSERT INTO a VALUES (1,'{sad,ok}'); INSERT INTO d VALUES (1,'sad');
-- step: down
ALTER TYPE mood ADD VALUE 'new';

INSERT INTO t VALUES (2,'new'); INSERT INTO a VALUES (2,'{ok,new}'); INSERT INTO d VALUES (2,'new');

ALTER TYPE mood RENAME VALUE 'new' TO 'newer';
