-- A partition two levels down is truncated while the pipe is down.
-- expect: same-or-marked
-- step: before
CREATE TABLE p(id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y); CREATE TABLE a PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (y); CREATE TABLE aa PARTITION OF a FOR VALUES FROM (0) TO (5); CREATE TABLE ab PARTITION OF a FOR VALUES FROM (5) TO (10);
INSERT INTO p VALUES (1,1),(2,7);
-- step: down
TRUNCATE aa;
INSERT INTO p VALUES (3,8);
