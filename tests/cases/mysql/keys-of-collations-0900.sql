-- Keys whose case, accents and trailing spaces are told apart or not, utf8mb4_0900.
-- expect: same
-- on: mysql
-- step: before
CREATE TABLE ai (k varchar(20) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, v int); CREATE TABLE bi (k varchar(20) COLLATE utf8mb4_0900_bin PRIMARY KEY, v int); CREATE TABLE cs (k varchar(20) COLLATE utf8mb4_0900_as_cs PRIMARY KEY, v int); CREATE TABLE gc (k varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v int);
INSERT INTO ai VALUES ('a', 1), ('a ', 2), ('b', 3); INSERT INTO bi VALUES ('a', 1), ('A', 2), ('a ', 3); INSERT INTO cs VALUES ('a', 1), ('A', 2), ('á', 3); INSERT INTO gc VALUES ('a', 1), ('b', 2);
-- step: live
UPDATE ai SET k = 'Á' WHERE k = 'a'; UPDATE ai SET v = 9 WHERE k = 'A'; DELETE FROM ai WHERE k = 'A '; INSERT INTO ai VALUES ('a  ', 5);

UPDATE bi SET v = 5 WHERE k = 'a '; UPDATE gc SET k = 'A  ' WHERE k = 'a'; UPDATE gc SET v = 7 WHERE k = 'a'; REPLACE INTO gc VALUES ('B', 8);
-- step: down
REPLACE INTO ai VALUES ('B', 33); INSERT INTO gc VALUES ('ä', 1) ON DUPLICATE KEY UPDATE k = 'ä'; UPDATE cs SET k = 'ÁÁ' WHERE k = 'á';
