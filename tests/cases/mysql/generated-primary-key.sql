-- Generated invisible primary keys.
-- expect: same
-- on: mysql
-- step: before
SET SESSION sql_generate_invisible_primary_key=ON;
CREATE TABLE t (v varchar(20), n int);
INSERT INTO t(v,n) VALUES ('a', 1), ('a', 1), ('b', 2);
-- step: live
UPDATE t SET n = 5 WHERE v = 'a' LIMIT 1;

DELETE FROM t WHERE v = 'b';

SET SESSION sql_generate_invisible_primary_key=ON; CREATE TABLE u (v varchar(20)); INSERT INTO u(v) VALUES ('x'), ('x');
-- step: down
INSERT INTO t(v,n) VALUES ('c', 3);
ALTER TABLE t ALTER COLUMN my_row_id SET VISIBLE;
UPDATE t SET v = 'd' WHERE n = 3;
UPDATE u SET v = 'y' LIMIT 1;
