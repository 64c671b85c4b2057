-- Table names of digits behind a dot.
-- expect: same-or-marked
-- step: before
CREATE TABLE `2024`(id int PRIMARY KEY, v int); INSERT INTO `2024` VALUES (1,1),(2,2);
CREATE TABLE `2025`(id int PRIMARY KEY, v int); INSERT INTO `2025` VALUES (1,1),(2,2);
CREATE TABLE `2026`(id int PRIMARY KEY, v int); INSERT INTO `2026` VALUES (1,1),(2,2);
CREATE TABLE `2027`(id int PRIMARY KEY, v int); INSERT INTO `2027` VALUES (1,1),(2,2);
CREATE TABLE `2028`(id int PRIMARY KEY, v int); INSERT INTO `2028` VALUES (1,1),(2,2);
-- step: live
TRUNCATE TABLE case_digits_names.2024; INSERT INTO `2024` VALUES (7,7);

ALTER TABLE case_digits_names.2025 ADD w int NOT NULL DEFAULT 5; INSERT INTO `2025` VALUES (7,7,7);

RENAME TABLE case_digits_names.2026 TO case_digits_names.3026; CREATE TABLE `2026`(id int PRIMARY KEY, v int); INSERT INTO `2026` VALUES (7,7);

DROP TABLE case_digits_names.2027; CREATE TABLE `2027`(id int PRIMARY KEY, v int); INSERT INTO `2027` VALUES (7,7);

INSERT INTO `2028` VALUES (7,7);
-- step: down
ALTER TABLE case_digits_names.2028 MODIFY v varchar(10);
