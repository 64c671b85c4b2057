-- A partition with rows is dropped before any look has met the table.
-- expect: same-or-marked
-- step: before
CREATE TABLE z(id int PRIMARY KEY); INSERT INTO z VALUES (1);
-- step: down
CREATE TABLE p(i int PRIMARY KEY) PARTITION BY LIST(i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p VALUES (1);
DROP TABLE p1;
