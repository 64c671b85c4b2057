-- A key that is a domain over an enum, for which the server has no comparison, in parts by key.
-- expect: same
-- options: snapshot --chunk-by key; snapshot --chunk-rows 2
-- check: SELECT count(*) FROM t ==> SELECT count() FROM t
-- step: before
CREATE TYPE size AS ENUM ('s','m','l','xl','xxl'); CREATE DOMAIN known AS size; CREATE DOMAIN wanted AS known CHECK (VALUE IS NOT NULL);
CREATE TABLE t(k wanted, n int, PRIMARY KEY (k, n)); INSERT INTO t SELECT k, n FROM unnest(enum_range(NULL::size)) k, generate_series(1,3) n;
CREATE TABLE d(k known[] PRIMARY KEY, v text); INSERT INTO d VALUES ('{s}','a'),('{s,m}','b'),('{}','c'),('{xl}','d'); ANALYZE;
-- step: live
DELETE FROM t WHERE k::size = 'm'; UPDATE t SET n = 9 WHERE k::size = 'l' AND n = 1;
