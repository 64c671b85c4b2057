-- Rows in STATEMENT format reach a captured table by a trigger, and do not name it.
-- expect: refused 4 which has a trigger
-- options: both --tables case_statement_format_trigger.t
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2); CREATE TABLE o(id int PRIMARY KEY); CREATE TABLE q(id int PRIMARY KEY); CREATE TRIGGER tr AFTER INSERT ON o FOR EACH ROW INSERT INTO t VALUES (NEW.id, 0);
-- step: live
SET SESSION binlog_format=STATEMENT; INSERT INTO q VALUES (1);
-- step: down
SET SESSION binlog_format=STATEMENT; INSERT INTO o VALUES (7);
