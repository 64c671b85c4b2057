-- A label is renamed under an array, a domain and a composite.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE DOMAIN dmood AS mood; CREATE TYPE cmood AS (m mood, n int);
CREATE TABLE a(id int PRIMARY KEY, m mood[]); CREATE TABLE d(id int PRIMARY KEY, m dmood); CREATE TABLE c(id int PRIMARY KEY, m cmood);
INSERT INTO a VALUES (1,'{sad,ok}'); INSERT INTO d VALUES (1,'sad'); INSERT INTO c VALUES (1,'(sad,1)');
-- step: down
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
