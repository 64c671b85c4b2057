-- Names that are keywords, with quotes, backticks, blanks, dots, commas, percent signs, of other scripts, in upper case.
-- expect: same-unmarked
-- step: before
SET NAMES utf8mb4, sql_mode='';
CREATE TABLE `select`(`key` int PRIMARY KEY, `order` text, `a b` int, `c``d` int, `e"f` int, `g'h` int, `i.j` int, `k\l` int, `Ünï` int, `true` int, `50%` int);
CREATE TABLE `a b`(`1` int PRIMARY KEY); CREATE TABLE `q``r`(id int PRIMARY KEY); CREATE TABLE `d.o,t`(id int PRIMARY KEY); CREATE TABLE `ß"z'`(id int PRIMARY KEY); CREATE TABLE `Upper`(Id int PRIMARY KEY, ID2 int);
CREATE TABLE `rename`(id int PRIMARY KEY); CREATE TABLE `a*`(id int PRIMARY KEY); CREATE TABLE abc(id int PRIMARY KEY); CREATE TABLE `表`(`列` int PRIMARY KEY);
INSERT INTO `select` VALUES (1,'x',1,2,3,4,5,6,7,8,9); INSERT INTO `a b` VALUES (1); INSERT INTO `q``r` VALUES (1); INSERT INTO `d.o,t` VALUES (1); INSERT INTO `ß"z'` VALUES (1); INSERT INTO `Upper` VALUES (1,1); INSERT INTO `表` VALUES (1);
-- step: live
SET NAMES utf8mb4, sql_mode=''; INSERT INTO `select` VALUES (2,'y',1,2,3,4,5,6,7,8,9); INSERT INTO `a b` VALUES (2); INSERT INTO `q``r` VALUES (2); INSERT INTO `d.o,t` VALUES (2); INSERT INTO `ß"z'` VALUES (2); INSERT INTO `Upper` VALUES (2,2); INSERT INTO `rename` VALUES (1); INSERT INTO `a*` VALUES (1); INSERT INTO `表` VALUES (2);
-- step: down
SET NAMES utf8mb4, sql_mode=''; TRUNCATE `q``r`; TRUNCATE TABLE `d.o,t`; TRUNCATE `表`; INSERT INTO `表` VALUES (3); SET sql_mode='ANSI_QUOTES'; TRUNCATE "ß""z'"; ALTER TABLE "select" ADD "s;t" int, COMMENT='DROP TABLE `Upper`'; UPDATE "select" SET "s;t"=1, "c`d"=9 WHERE "key"=1; INSERT INTO abc VALUES (7);
