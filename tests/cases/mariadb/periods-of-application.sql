-- Application-time periods.
-- expect: same
-- step: before
CREATE TABLE t (id int, a date, b date, v int, PERIOD FOR p (a, b), PRIMARY KEY (id, p WITHOUT OVERLAPS));
INSERT INTO t VALUES (1, '2020-01-01', '2021-01-01', 1), (2, '2020-01-01', '2021-01-01', 2);
-- step: live
UPDATE t FOR PORTION OF p FROM '2020-03-01' TO '2020-06-01' SET v = 9 WHERE id = 1;

DELETE FROM t FOR PORTION OF p FROM '2020-05-01' TO '2020-08-01';
-- step: down
INSERT INTO t VALUES (3, '2020-01-01', '2022-01-01', 3); DELETE FROM t FOR PORTION OF p FROM '2021-01-01' TO '2021-02-01' WHERE id = 3;
