-- Differences of JSON values together with short row images: there is nothing that they could be applied to.
-- expect: refused 5 binlog_row_value_options=''
-- on: mysql
-- step: before
CREATE TABLE t(id int PRIMARY KEY, j json, v int); INSERT INTO t VALUES (1,'{"a": 1, "b": [1, 2, 3]}',1);
-- step: down
SET binlog_row_value_options=PARTIAL_JSON, binlog_row_image=MINIMAL; UPDATE t SET j=JSON_SET(j, '$.a', 2) WHERE id=1;
