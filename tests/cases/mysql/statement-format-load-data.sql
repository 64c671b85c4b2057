-- LOAD DATA of a session in STATEMENT format into a captured table: the tool stops.
-- expect: refused 4 rows in STATEMENT format, and it names captured tables: 'LOAD DATA
-- step: before
CREATE TABLE t(id varchar(100) PRIMARY KEY, v text); INSERT INTO t VALUES (1,1); SET GLOBAL local_infile=1;
-- step: live
SET binlog_format=STATEMENT; LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t FIELDS TERMINATED BY ':' (id, v); 
