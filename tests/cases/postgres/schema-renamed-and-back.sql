-- A schema is renamed, a row comes, and it has its name again.
-- expect: same-or-marked
-- options: load --table-name {schema}_{table}
-- step: before
CREATE SCHEMA a; CREATE TABLE a.t(id int PRIMARY KEY, v text); INSERT INTO a.t VALUES (1,'a');
-- step: down
ALTER SCHEMA a RENAME TO b; INSERT INTO b.t VALUES (2,'b'); DELETE FROM b.t WHERE id=1; ALTER SCHEMA b RENAME TO a;
