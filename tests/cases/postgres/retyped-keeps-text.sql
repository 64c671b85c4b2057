-- Types that keep the text of stored values need no mark.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v varchar(10), n numeric(8,2)); INSERT INTO t VALUES (1,'a',1.5),(2,'b',2);
-- step: live
ALTER TABLE t ALTER v TYPE varchar(20);

ALTER TABLE t ALTER v TYPE text;

INSERT INTO t VALUES (3,'c',3);
-- step: down
ALTER TABLE t ALTER n TYPE numeric(12,2);
INSERT INTO t VALUES (4,'d',4);
