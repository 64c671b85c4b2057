-- The remedy of the message: --exclude it.
-- expect: same-unmarked
-- options: both --exclude t
-- step: before
CREATE TABLE t(id int PRIMARY KEY, s bigint unsigned GENERATED ALWAYS AS ROW START, e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME(s, e)) WITH SYSTEM VERSIONING; INSERT INTO t(id) VALUES (1); CREATE TABLE u(id int PRIMARY KEY); INSERT INTO u VALUES (1);
-- step: down
INSERT INTO t(id) VALUES (2); INSERT INTO u VALUES (2);
