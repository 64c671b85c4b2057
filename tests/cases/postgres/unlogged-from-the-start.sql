-- A table that was UNLOGGED when the slot was made is made LOGGED.
-- expect: same-or-marked
-- step: before
CREATE UNLOGGED TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'); CREATE TABLE o(id int PRIMARY KEY);
-- step: live
INSERT INTO t VALUES (2,'b');

ALTER TABLE t SET LOGGED;

INSERT INTO t VALUES (3,'c'); INSERT INTO o VALUES (1);
