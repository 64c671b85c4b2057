-- Labels that are added and stay need no mark, live and down, in a table of their own too.
-- expect: same-unmarked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TABLE t(id int PRIMARY KEY, m mood, l mood[]); INSERT INTO t VALUES (1,'sad','{}');
-- step: live
ALTER TYPE mood ADD VALUE 'x"y';

INSERT INTO t VALUES (2,'x"y','{"x\"y",NULL,ok}');

CREATE TYPE other AS ENUM ('{a','b}'); CREATE TABLE u(id int PRIMARY KEY, o other, c text); INSERT INTO u VALUES (1,'{a',''),(2,'b}','');
-- step: down
ALTER TYPE mood ADD VALUE 'later';

INSERT INTO t VALUES (3,'later','{later}'); CREATE TYPE third AS ENUM ('p','q'); CREATE TABLE v(id int PRIMARY KEY, o third[]); INSERT INTO v VALUES (1,'{p,q}');
