-- Tables change their names and schemas after rows came, before any look has met them; no row follows.
-- expect: same-or-marked
-- step: before
CREATE SCHEMA s; CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
CREATE TABLE held(id int PRIMARY KEY); INSERT INTO held VALUES (1);
-- step: live
CREATE TABLE one(id int PRIMARY KEY); INSERT INTO one VALUES (1); ALTER TABLE one RENAME TO two;
CREATE TABLE moved(id int PRIMARY KEY); INSERT INTO moved VALUES (1); ALTER TABLE moved SET SCHEMA s;
CREATE TABLE anew(id int PRIMARY KEY); INSERT INTO anew VALUES (1); DROP TABLE anew; CREATE TABLE anew(id int PRIMARY KEY);
CREATE TABLE anew2(id int PRIMARY KEY); INSERT INTO anew2 VALUES (1); DROP TABLE anew2; CREATE TABLE anew2(id int PRIMARY KEY); INSERT INTO anew2 VALUES (2);
CREATE TABLE left_a(id int PRIMARY KEY); INSERT INTO left_a VALUES (1); CREATE TABLE left_b(id int PRIMARY KEY); INSERT INTO left_b VALUES (2);
ALTER TABLE left_a RENAME TO left_c; ALTER TABLE left_b RENAME TO left_a; ALTER TABLE left_c RENAME TO left_b;
ALTER TABLE held RENAME TO held_old; CREATE TABLE held(id int PRIMARY KEY); INSERT INTO held VALUES (2);
CREATE TABLE full_vacuum(id int PRIMARY KEY); INSERT INTO full_vacuum VALUES (1); VACUUM FULL full_vacuum;
CREATE UNLOGGED TABLE unlogged(id int PRIMARY KEY); INSERT INTO unlogged VALUES (1); ALTER TABLE unlogged SET LOGGED;
CREATE TABLE cta AS SELECT 1 AS id; CREATE TABLE inh(id int PRIMARY KEY); CREATE TABLE inh_child() INHERITS (inh); INSERT INTO inh_child VALUES (5); INSERT INTO inh VALUES (6);
