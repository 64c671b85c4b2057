-- MySQL alone: JSON, whole and in part.
CREATE TABLE docs (id int PRIMARY KEY, j json, k json);
INSERT INTO docs VALUES (1, '{"a": [1, 2.5, null, "é\\n"], "bb": {"c": true}}', JSON_ARRAY(CAST('2025-07-21' AS DATE), CAST(1.50 AS DECIMAL(5,2)), 18446744073709551615, -70000));
SET SESSION binlog_row_value_options = PARTIAL_JSON;
UPDATE docs SET j = JSON_SET(j, '$.bb.c', false, '$.bb.d', 1) WHERE id = 1;
UPDATE docs SET j = JSON_REMOVE(j, '$.a[1]'), k = JSON_ARRAY_INSERT(k, '$[1]', 'new') WHERE id = 1;
UPDATE docs SET j = JSON_REPLACE(j, '$.a', 'scalar') WHERE id = 1;
