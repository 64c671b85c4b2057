-- Constants with escapes of added columns, in old rows.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1,1),(2,2);
CREATE TABLE u(id int PRIMARY KEY, v int); INSERT INTO u VALUES (1,1),(2,2);
CREATE TABLE w(id int PRIMARY KEY, v int); INSERT INTO w VALUES (1,1),(2,2);
CREATE TABLE x(id int PRIMARY KEY, v int); INSERT INTO x VALUES (1,1),(2,2);
-- step: live
UPDATE t SET v=5 WHERE id=1; UPDATE u SET v=5 WHERE id=1; UPDATE w SET v=5 WHERE id=1;UPDATE x SET v=5 WHERE id=1;

ALTER TABLE t ADD a varchar(20) DEFAULT 'a\tb';

ALTER TABLE u ADD a varchar(20) NOT NULL DEFAULT 'x\ny';

ALTER TABLE w ADD a varchar(20) NOT NULL DEFAULT 'x\%y';

ALTER TABLE x ADD a enum('p\tq','r') NOT NULL DEFAULT 'p\tq';

INSERT INTO t VALUES (9,9,'z'); INSERT INTO u VALUES (9,9,'z'); INSERT INTO w VALUES (9,9,'z');INSERT INTO x VALUES (9,9,'r');
