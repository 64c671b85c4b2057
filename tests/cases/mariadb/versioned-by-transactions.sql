-- Rows of a table whose versions are told by ids of transactions are always in STATEMENT format: the message says what to do.
-- expect: refused 4 --exclude it
-- step: before
CREATE TABLE t(id int PRIMARY KEY, s bigint unsigned GENERATED ALWAYS AS ROW START, e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME(s, e)) WITH SYSTEM VERSIONING; INSERT INTO t(id) VALUES (1);
-- step: down
INSERT INTO t(id) VALUES (2);
