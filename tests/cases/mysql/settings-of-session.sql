-- The session's sql_mode, time zone, and character sets change no line; nor do those of the server, which are unusual ones.
-- expect: same-unmarked
-- options: load --on-bad-date null
-- step: before
CREATE TABLE t(id int PRIMARY KEY, ts timestamp NULL, dt datetime, v varchar(20) CHARACTER SET utf8mb4, l varchar(20) CHARACTER SET latin1);
SET time_zone='+05:30'; INSERT INTO t VALUES (1,'2025-07-21 10:00:00','2025-07-21 10:00:00','é','é');
-- step: live
SET time_zone='-08:00', sql_mode='ANSI'; INSERT INTO "t" VALUES (2,'2025-01-21 10:00:00','2025-01-21 10:00:00','a' || 'b','x');

SET NAMES latin1; INSERT INTO t VALUES (3,NULL,NULL,0xC3A9,_latin1 0xE9);

SET NAMES gbk; INSERT INTO t VALUES (4,NULL,NULL,_gbk 0xC4E3,'x'); SET character_set_client=utf8mb4; ALTER TABLE t COMMENT 'é';

SET sql_mode='NO_BACKSLASH_ESCAPES'; INSERT INTO t VALUES (5,NULL,NULL,'a\','\'); ALTER TABLE t COMMENT 'a\';

SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; TRUNCATE "t"; INSERT INTO "t" VALUES (6,'2025-07-21 10:00:00',NULL,'a\','\');

SET sql_mode='ALLOW_INVALID_DATES'; INSERT INTO t VALUES (7,NULL,'2025-02-31 00:00:00','',''); SET sql_mode=''; INSERT INTO t VALUES (8,NULL,'0000-00-00 00:00:00','','');
-- step: down
SET time_zone='+13:00'; UPDATE t SET ts='2025-07-21 10:00:00'; SET sql_mode='ANSI_QUOTES'; ALTER TABLE "t" ADD "w x" int; SET sql_mode='PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT'; INSERT INTO t VALUES (9,NOW(),NOW(),'x ','x ',1);
