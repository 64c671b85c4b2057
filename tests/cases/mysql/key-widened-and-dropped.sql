-- The primary key gets another column, goes, comes, or is another one, while the stream runs and while it does not.
-- expect: same-or-marked
-- step: before
CREATE TABLE wider(a int NOT NULL, b int NOT NULL, v int, PRIMARY KEY (a)); INSERT INTO wider VALUES (1,1,1),(2,2,2);
CREATE TABLE gone(a int NOT NULL, v int, PRIMARY KEY (a)); INSERT INTO gone VALUES (1,1),(2,2);
CREATE TABLE comes(a int NOT NULL, v int); INSERT INTO comes VALUES (1,1),(2,2);
CREATE TABLE other(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a)); INSERT INTO other VALUES (1,10),(2,20);
CREATE TABLE serial(a int NOT NULL, v int); INSERT INTO serial VALUES (5,1),(5,1);
-- step: live
ALTER TABLE wider DROP PRIMARY KEY, ADD PRIMARY KEY (a, b); INSERT INTO wider VALUES (1,2,3); UPDATE wider SET v=7 WHERE a=2;

ALTER TABLE gone DROP PRIMARY KEY; INSERT INTO gone VALUES (1,3); DELETE FROM gone WHERE v=2;
-- step: down
UPDATE comes SET v=5 WHERE a=1; ALTER TABLE comes ADD PRIMARY KEY (a); UPDATE comes SET v=6 WHERE a=2; INSERT INTO comes VALUES (3,3);
ALTER TABLE other DROP PRIMARY KEY, ADD PRIMARY KEY (b); UPDATE other SET a=9; INSERT INTO other VALUES (9,30);
ALTER TABLE serial ADD id bigint unsigned AUTO_INCREMENT PRIMARY KEY FIRST; INSERT INTO serial(a, v) VALUES (6,6);
