-- Begun on a database without tables: one is made, filled and rewritten before the first look at any table.
-- expect: same-or-marked
-- options: no-snapshot
-- step: down
CREATE TABLE d(aa text, dd text); ALTER TABLE d REPLICA IDENTITY FULL;
INSERT INTO d VALUES ('test','x');
ALTER TABLE d ALTER aa TYPE integer USING bit_length(aa);
