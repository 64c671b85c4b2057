-- A label is renamed under multiranges, where no column has the range itself.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TYPE moods AS RANGE (subtype = mood, multirange_type_name = mmoods); CREATE DOMAIN dmoods AS mmoods;
CREATE TABLE m(id int PRIMARY KEY, m mmoods);
CREATE TABLE a(id int PRIMARY KEY, m mmoods[]); CREATE TABLE d(id int PRIMARY KEY, m dmoods);
INSERT INTO m VALUES (1,'{[sad,ok]}'); INSERT INTO a VALUES (1,'{"{[sad,ok]}"}'); INSERT INTO d VALUES (1,'{[sad,ok]}');
-- step: down
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
