-- Columns are altered after tables were made and filled, before any look has met them; no row follows.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE DOMAIN plain AS int;
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE as_oid(id int PRIMARY KEY, a int); INSERT INTO as_oid VALUES (1,-1); ALTER TABLE as_oid ALTER a TYPE oid;
CREATE TABLE as_inet(id int PRIMARY KEY, a cidr); INSERT INTO as_inet VALUES (1,'1.2.3.4/32'); ALTER TABLE as_inet ALTER a TYPE inet;
CREATE TABLE as_oids(id int PRIMARY KEY, a int[]); INSERT INTO as_oids VALUES (1,'{-1}'); ALTER TABLE as_oids ALTER a TYPE oid[];
CREATE TABLE renamed_twice(id int PRIMARY KEY, a int, b int); INSERT INTO renamed_twice VALUES (1,2,3);
ALTER TABLE renamed_twice RENAME a TO x; ALTER TABLE renamed_twice RENAME b TO a; ALTER TABLE renamed_twice RENAME x TO b;
CREATE TABLE anew(id int PRIMARY KEY, a int, b text); INSERT INTO anew VALUES (1,2,'x'); ALTER TABLE anew DROP a; ALTER TABLE anew ADD a int;
CREATE TABLE anew_in_one(id int PRIMARY KEY, a int); INSERT INTO anew_in_one VALUES (1,2); ALTER TABLE anew_in_one DROP a, ADD a int DEFAULT 9;
CREATE TABLE swapped_types(id int PRIMARY KEY, a int, b text); INSERT INTO swapped_types VALUES (1,2,'3');
ALTER TABLE swapped_types RENAME a TO c; ALTER TABLE swapped_types RENAME b TO a; ALTER TABLE swapped_types RENAME c TO b;
CREATE TABLE rewritten(id int PRIMARY KEY, a int); INSERT INTO rewritten VALUES (1,2); ALTER TABLE rewritten ALTER a TYPE bigint USING a * 2;
CREATE TABLE generated(id int PRIMARY KEY, a int); INSERT INTO generated VALUES (1,2); ALTER TABLE generated ADD g int GENERATED ALWAYS AS (a * 2) STORED; ALTER TABLE generated ALTER g DROP EXPRESSION;
CREATE TABLE volatile(id int PRIMARY KEY); INSERT INTO volatile VALUES (1); ALTER TABLE volatile ADD r float8 DEFAULT random();
BEGIN; CREATE TABLE at_once(id int PRIMARY KEY, a int, b int); INSERT INTO at_once VALUES (1,2,3); ALTER TABLE at_once RENAME a TO c; COMMIT;
BEGIN; CREATE TABLE rewritten_at_once(id int PRIMARY KEY, a int); INSERT INTO rewritten_at_once VALUES (1,2); ALTER TABLE rewritten_at_once ALTER a TYPE bigint USING a * 2; COMMIT;
