-- Columns with names that ClickHouse reads as constants, operators or functions.
-- expect: same
-- step: before
CREATE TABLE t("not" int PRIMARY KEY, "true" bool, "false" text, "nan" float8, "inf" int, "infinity" text, "null" text, "top" int, "cube" text, "rollup" int, "interval" text, "date" date, "array" int[], "in" text, "is" int, "and" text, "case" int, "end" int, "from" text, "final" int, "distinct" text, "as" int, "default" int);
INSERT INTO t VALUES (1,true,'f',1.5,2,'i',NULL,3,'c',4,'1 day','2025-01-01','{1}','x',5,'a',6,7,'g',8,'d',9,10);
-- step: live
INSERT INTO t VALUES (2,false,NULL,'NaN',3,NULL,'n',4,'c',4,'1 day','2025-01-01','{1,2}','x',5,'a',6,7,'g',8,'d',9,10); UPDATE t SET "null"='q' WHERE "not"=1;
