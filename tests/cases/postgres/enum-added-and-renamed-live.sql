-- A label with blanks is added, used and renamed between two looks, in a table made just then too.
-- expect: same-or-marked
-- step: before
CREATE TYPE mood AS ENUM ('sad','ok'); CREATE TABLE t(id int PRIMARY KEY, m mood[]); INSERT INTO t VALUES (1,'{sad}');
-- step: live
ALTER TYPE mood ADD VALUE 'brand new';

CREATE TABLE u(id int PRIMARY KEY, m mood); INSERT INTO t VALUES (2,'{ok,"brand new"}'); INSERT INTO u VALUES (1,'brand new');

ALTER TYPE mood RENAME VALUE 'brand new' TO 'newer';
