-- Rows in STATEMENT format reach a captured table by a view, and do not name it.
-- expect: refused 4 it names view case_statement_format_view.w
-- options: both --tables case_statement_format_view.t
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2); CREATE VIEW w AS SELECT * FROM t;
-- step: down
SET SESSION binlog_format=STATEMENT; UPDATE w SET v=9 WHERE id=1;
