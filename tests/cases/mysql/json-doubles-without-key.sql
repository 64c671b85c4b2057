-- A row without key whose JSON has a double of 17 digits, 16 of them before the point: the delete finds the
-- snapshot's row.
-- expect: same-unmarked
-- on: mysql
-- step: before
CREATE TABLE k(id int, j json); INSERT INTO k VALUES (1,'{"us": 1270552725783132.8}'),(2,'{"us": -1270552725783132.8}'),(3,'[1e15, 1234567890123456.0, 12705527257831328.0]');
-- step: live
DELETE FROM k WHERE id=1;

UPDATE k SET id=4 WHERE id>1;
