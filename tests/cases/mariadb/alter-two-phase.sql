-- ALTER TABLE in two phases: it does something where it ends, and nothing where it was undone.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v varchar(10)); INSERT INTO t VALUES (1,'a'),(2,'a');
CREATE TABLE u(id int PRIMARY KEY, v varchar(10)); INSERT INTO u VALUES (1,'a'),(2,'a');
-- step: live
INSERT INTO t VALUES (3,'c'); INSERT INTO u VALUES (3,'c');

DELIMITER //
SET binlog_alter_two_phase=1 //
BEGIN NOT ATOMIC
DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
ALTER TABLE t MODIFY v varchar(1), ADD w int NOT NULL DEFAULT 5, ADD UNIQUE (v), ALGORITHM=COPY;
END //

SET binlog_alter_two_phase=1; ALTER TABLE u ADD w int NOT NULL DEFAULT 7; INSERT INTO u VALUES (4,'d',4); INSERT INTO t VALUES (4,'d');

SET binlog_alter_two_phase=1; ALTER TABLE t ADD w int; INSERT INTO t(id) VALUES (5);
