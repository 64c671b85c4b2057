-- A partition with rows is dropped before any look has met the table; another one stays.
-- expect: same-or-marked
-- step: before
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: live
CREATE TABLE p(i int PRIMARY KEY) PARTITION BY LIST(i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
INSERT INTO p VALUES (1), (2);
DROP TABLE p1;
