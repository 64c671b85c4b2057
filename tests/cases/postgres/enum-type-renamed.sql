-- An enum, a composite's enum and a domain get other names and schemas: no value is another one.
-- expect: same-unmarked
-- step: before
CREATE SCHEMA s; CREATE TYPE mood AS ENUM ('sad','ok'); CREATE DOMAIN d AS mood; CREATE TABLE t(id int PRIMARY KEY, m mood, d d); INSERT INTO t VALUES (1,'sad','ok'),(2,'ok','sad');
CREATE TYPE e AS ENUM ('a','b'); CREATE TABLE u(id int PRIMARY KEY, e e); INSERT INTO u VALUES (1,'a');
-- step: live
INSERT INTO t VALUES (3,'ok','ok'); INSERT INTO u VALUES (2,'b');

ALTER TYPE mood RENAME TO mood2; ALTER DOMAIN d RENAME TO dd; INSERT INTO t VALUES (4,'sad','sad');
-- step: down
ALTER TYPE e SET SCHEMA s; INSERT INTO u VALUES (3,'a'); UPDATE u SET e='b' WHERE id=1;
