-- Rows that the log has and that were rolled back: beside tables without transactions, and with temporary tables.
-- expect: same-or-marked
-- options: both --exclude m
-- step: before
CREATE TABLE a(id int PRIMARY KEY, v text); CREATE TABLE b(id int PRIMARY KEY, v text); CREATE TABLE c(id int PRIMARY KEY, v text); CREATE TABLE d(id int PRIMARY KEY, v text); CREATE TABLE m(id int PRIMARY KEY, v text) ENGINE=MyISAM; INSERT INTO a VALUES (1,'a');
-- step: live
BEGIN; INSERT INTO a VALUES (3,'c'); SAVEPOINT s; INSERT INTO a VALUES (4,'d'); INSERT INTO m VALUES (1,'x'); ROLLBACK TO s; INSERT INTO a VALUES (5,'e'); COMMIT;

BEGIN; INSERT INTO b VALUES (6,'f'); INSERT INTO m VALUES (2,'y'); ROLLBACK; INSERT INTO b VALUES (7,'g');
-- step: down
BEGIN; INSERT INTO c VALUES (16,'f'); CREATE TEMPORARY TABLE temp(id int); DROP TEMPORARY TABLE temp; ROLLBACK; INSERT INTO c VALUES (1,'x');
XA START 'cases'; INSERT INTO d VALUES (1,'a'); SAVEPOINT s; INSERT INTO d VALUES (2,'b'); INSERT INTO m VALUES (3,'x'); ROLLBACK TO s; XA END 'cases'; XA PREPARE 'cases'; XA COMMIT 'cases';
