-- Updates of parts of JSON values, which the log has as differences. Pain 30.
-- expect: same-unmarked
-- on: mysql
-- step: before
CREATE TABLE t(id int PRIMARY KEY, j json, k json, v int); INSERT INTO t VALUES (1,'{"a": 1, "b": [1, 2, 3], "c": {"d": "x"}}','[1]',1),(2,'[]',NULL,2);
-- step: live
SET binlog_row_value_options=PARTIAL_JSON; UPDATE t SET j=JSON_SET(j, '$.a', 2) WHERE id=1; UPDATE t SET j=JSON_REPLACE(JSON_REMOVE(j, '$.b[1]'), '$.c.d', 'longer than before', '$.b[0]', NULL), k=JSON_SET(k, '$[0]', 5) WHERE id=1; UPDATE t SET j=JSON_ARRAY_APPEND(j, '$', 1) WHERE id=2;
-- step: down
SET binlog_row_value_options=PARTIAL_JSON; UPDATE t SET j=JSON_SET(j, '$.e', 'new', '$.a', 'x'), v=9 WHERE id=1; UPDATE t SET id=3, j=JSON_SET(j, '$.a', 7) WHERE id=1; UPDATE t SET j='{"whole": true}', k='{}' WHERE id=2;
