-- Tables that are made, filled, grown and filled again in one transaction are not marked.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY);
-- step: live
BEGIN;
CREATE TABLE a(id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, n int DEFAULT 0, m int NOT NULL DEFAULT 1, v text DEFAULT 'x');
INSERT INTO a DEFAULT VALUES;
ALTER TABLE a ADD w int DEFAULT 5; INSERT INTO a(v) VALUES ('y'); ALTER TABLE a ALTER m DROP DEFAULT, ALTER n SET NOT NULL;
INSERT INTO a(m) VALUES (3);
COMMIT;
