-- Short images without virtual columns, whose values did not change, or are left out; stored ones are there.
-- expect: same-unmarked
-- options: both --leave-out u.b
-- step: before
CREATE TABLE t(id int PRIMARY KEY, a int, b int AS (a*2) VIRTUAL, c int, d int AS (c+1) STORED); INSERT INTO t(id,a,c) VALUES (1,1,1),(2,2,2);
CREATE TABLE u(id int PRIMARY KEY, a int, b int AS (a*2) VIRTUAL); INSERT INTO u(id,a) VALUES (1,1),(2,2);
-- step: live
SET binlog_row_image=MINIMAL; UPDATE t SET c=10 WHERE id=1; SET binlog_row_image=NOBLOB; UPDATE t SET c=11 WHERE id=2; UPDATE u SET a=10 WHERE id=1;
