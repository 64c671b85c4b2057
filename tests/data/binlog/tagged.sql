-- MySQL 9: a global transaction id with a tag, a vector.
CREATE TABLE tagged (id int PRIMARY KEY, v vector(3));
SET gtid_next = 'AUTOMATIC:blue';
INSERT INTO tagged VALUES (1, STRING_TO_VECTOR('[1,2.5,-3]'));
SET gtid_next = 'AUTOMATIC';
INSERT INTO tagged VALUES (2, NULL);
