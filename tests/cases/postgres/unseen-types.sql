-- Types are altered after tables of them were made and filled, before any look has met the tables; no row
-- follows: labels in arrays and domains, attributes at depth, within one transaction too.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE DOMAIN cheer AS mood; CREATE TYPE size AS ENUM ('s','m');
CREATE TYPE inner_pair AS (a int, b text); CREATE TYPE outer_pair AS (p inner_pair, n int); CREATE DOMAIN pair_domain AS inner_pair;
CREATE TYPE dropper AS (a int, b text, c int); CREATE TYPE last_one AS ENUM ('x');
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE arrays(id int PRIMARY KEY, m mood[]); INSERT INTO arrays VALUES (1,'{sad,ok}');
CREATE TABLE domains(id int PRIMARY KEY, m cheer); INSERT INTO domains VALUES (1,'sad');
CREATE TABLE domain_arrays(id int PRIMARY KEY, m cheer[]); INSERT INTO domain_arrays VALUES (1,'{sad}');
CREATE TABLE nested(id int PRIMARY KEY, p outer_pair); INSERT INTO nested VALUES (1,'("(1,x)",2)');
CREATE TABLE nested_arrays(id int PRIMARY KEY, p outer_pair[]); INSERT INTO nested_arrays VALUES (1, ARRAY[ROW(ROW(1,'x'),2)::outer_pair]);
CREATE TABLE pair_domains(id int PRIMARY KEY, p pair_domain); INSERT INTO pair_domains VALUES (1,'(1,x)');
CREATE TABLE dropped(id int PRIMARY KEY, p dropper); INSERT INTO dropped VALUES (1,'(1,x,2)');
CREATE TABLE singles(id int PRIMARY KEY, m last_one); INSERT INTO singles VALUES (1,'x');
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
ALTER TYPE inner_pair ADD ATTRIBUTE c int;
ALTER TYPE dropper DROP ATTRIBUTE b;
ALTER TYPE last_one RENAME VALUE 'x' TO 'y';
BEGIN;
CREATE TABLE at_once(id int PRIMARY KEY, m size); INSERT INTO at_once VALUES (1,'s');
ALTER TYPE size RENAME VALUE 's' TO 'small';
COMMIT;
BEGIN;
CREATE TYPE young AS ENUM ('a','b'); CREATE TYPE young_pair AS (a int);
CREATE TABLE youngest(id int PRIMARY KEY, m young); INSERT INTO youngest VALUES (1,'a');
CREATE TABLE youngest_pair(id int PRIMARY KEY, p young_pair); INSERT INTO youngest_pair VALUES (1,'(1)');
ALTER TYPE young RENAME VALUE 'a' TO 'c'; ALTER TYPE young_pair ADD ATTRIBUTE b int;
COMMIT;
