-- Keys of text: letters that the collation takes for equal, trailing blanks, other charsets, bytes.
-- expect: same-unmarked
-- step: before
SET NAMES utf8mb4;
CREATE TABLE ci(k varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v int); CREATE TABLE cs(k varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, v int);
CREATE TABLE padded(k char(5) CHARACTER SET latin1 PRIMARY KEY, v int); CREATE TABLE bytes(k binary(4) PRIMARY KEY, v int); CREATE TABLE vb(k varbinary(9) PRIMARY KEY, v int);
INSERT INTO ci VALUES ('a',1),('b ',2),('é',3); INSERT INTO cs VALUES ('a',1),('A',2),('é',3),('É',4); INSERT INTO padded VALUES ('x',1),('é',2); INSERT INTO bytes VALUES ('a',1),(0x00000001,2); INSERT INTO vb VALUES ('',1),(0x00,2),('a',3),('a ',4);
-- step: live
SET NAMES utf8mb4; UPDATE ci SET k='A' WHERE k='a'; UPDATE ci SET v=9 WHERE k='É'; INSERT INTO ci VALUES ('B',5) ON DUPLICATE KEY UPDATE v=77; REPLACE INTO ci VALUES ('E',8);

SET NAMES utf8mb4; UPDATE cs SET v=v+10; DELETE FROM cs WHERE k='A'; UPDATE padded SET v=5 WHERE k='x'; INSERT INTO padded VALUES ('y  ',6);
-- step: down
UPDATE bytes SET k='a\0b' WHERE v=1; UPDATE vb SET v=v+1; DELETE FROM vb WHERE k='a'; DELETE FROM vb WHERE k='';
