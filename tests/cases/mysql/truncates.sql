-- Truncates with rows between them need no mark: live, while the pipe is down, of tables of which no change was seen.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'); CREATE TABLE n(v int); INSERT INTO n VALUES (1),(1); CREATE TABLE unseen(id int PRIMARY KEY); INSERT INTO unseen VALUES (1);
CREATE TABLE quiet(id int PRIMARY KEY); INSERT INTO quiet VALUES (1);
-- step: live
INSERT INTO t VALUES (2,'b');

TRUNCATE t;

INSERT INTO t VALUES (3,'c');

TRUNCATE TABLE unseen; TRUNCATE n; INSERT INTO n VALUES (7),(7);
-- step: down
TRUNCATE t; INSERT INTO t VALUES (5,'e'); TRUNCATE quiet;
