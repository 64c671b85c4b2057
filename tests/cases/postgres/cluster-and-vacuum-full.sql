-- CLUSTER and VACUUM FULL write new storage with the rows as they were.
-- expect: same-or-marked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (2,'b'),(1,'a'); CREATE TABLE u(id int PRIMARY KEY, v text); INSERT INTO u VALUES (1,'a');
-- step: live
CLUSTER t USING t_pkey;

VACUUM FULL u;

INSERT INTO t VALUES (3,'c'); INSERT INTO u VALUES (3,'c');
