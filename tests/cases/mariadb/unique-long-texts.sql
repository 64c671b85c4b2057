-- Unique keys on long texts: the log has a column of hashes that no SELECT shows.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text, UNIQUE(v)); INSERT INTO t VALUES (1,'a'),(2,'b');
CREATE TABLE n(v text, w int, UNIQUE(v)); INSERT INTO n VALUES ('a',1),('b',2);
CREATE TABLE nn(w int, v text NOT NULL, UNIQUE(v)); INSERT INTO nn VALUES (1,'a'),(2,'b');
CREATE TABLE u(id int PRIMARY KEY, v text); INSERT INTO u VALUES (1,'a'),(2,'b');
CREATE TABLE own(v text, DB_ROW_HASH_1 bigint, UNIQUE(v)); INSERT INTO own VALUES ('a',1),('b',2);
-- step: live
UPDATE t SET v='c' WHERE id=1; UPDATE n SET w=5 WHERE v='a'; UPDATE n SET v='z' WHERE v='b'; DELETE FROM nn WHERE w=1; UPDATE nn SET v='y'; REPLACE INTO nn VALUES (8,'y');

ALTER TABLE u ADD UNIQUE (v); UPDATE u SET v='q' WHERE id=1; UPDATE own SET DB_ROW_HASH_1=7 WHERE v='a'; DELETE FROM own WHERE v='b';
-- step: down
ALTER TABLE t DROP INDEX v; INSERT INTO t VALUES (5,'c'); INSERT INTO u VALUES (9,'9');
