-- Types of columns change, so that stored values keep their text or get another one.
-- expect: same-or-marked
-- step: before
CREATE TABLE wider(id int PRIMARY KEY, a smallint, v varchar(5)); INSERT INTO wider VALUES (1,1,'a'),(2,32767,'bcdef');
CREATE TABLE signed(id int PRIMARY KEY, a int); INSERT INTO signed VALUES (1,1),(2,2147483647);
CREATE TABLE to_text(id int PRIMARY KEY, a double, d date, f decimal(6,3)); INSERT INTO to_text VALUES (1,0.1,'2024-02-29',1.500);
CREATE TABLE rounded(id int PRIMARY KEY, f decimal(6,3), t datetime(6)); INSERT INTO rounded VALUES (1,1.555,'2024-02-29 10:00:00.999999');
CREATE TABLE zone(id int PRIMARY KEY, t datetime, u timestamp NULL); INSERT INTO zone VALUES (1,'2024-02-29 10:00:00','2024-02-29 10:00:00');
CREATE TABLE cut(id int PRIMARY KEY, v varchar(9)); INSERT INTO cut VALUES (1,'abcdefgh');
-- step: live
ALTER TABLE wider MODIFY a bigint, MODIFY v text;

INSERT INTO wider VALUES (3,9223372036854775807,'long enough for a text');

ALTER TABLE signed MODIFY a int unsigned; INSERT INTO signed VALUES (3,4294967295);
-- step: down
ALTER TABLE to_text MODIFY a varchar(30), MODIFY d varchar(30), MODIFY f varchar(30);
ALTER TABLE rounded MODIFY f decimal(6,1), MODIFY t datetime;
ALTER TABLE zone MODIFY t timestamp NULL, MODIFY u datetime;
SET sql_mode=''; ALTER TABLE cut MODIFY v varchar(3); INSERT INTO cut VALUES (2,'xyz');
