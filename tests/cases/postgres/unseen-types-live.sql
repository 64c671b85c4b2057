-- Types are altered and tables of them made in one step of the stream, each before a look can meet the table.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TYPE pair AS (a int, b text);
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: live
CREATE TABLE t(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1,'sad');
CREATE TABLE u(id int PRIMARY KEY, p pair); INSERT INTO u VALUES (1,'(1,x)');
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
ALTER TYPE pair ADD ATTRIBUTE c int;
-- step: down
ALTER TABLE z ADD m mood; INSERT INTO z VALUES (2,'blue');
ALTER TYPE mood RENAME VALUE 'blue' TO 'grey';
