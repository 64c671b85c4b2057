-- Rows in STATEMENT format reach a captured table by a function, and do not name it.
-- expect: refused 4 it names routine case_statement_format_routine.f
-- options: both --tables case_statement_format_routine.t
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2); CREATE TABLE q(id int PRIMARY KEY);
DELIMITER //
CREATE FUNCTION f(i int) RETURNS int DETERMINISTIC MODIFIES SQL DATA BEGIN UPDATE t SET v=i WHERE id=1; RETURN i; END//
DELIMITER ;
-- step: down
SET SESSION binlog_format=STATEMENT; INSERT INTO q VALUES (F(5));
