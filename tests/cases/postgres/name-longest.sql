-- Names of 63 bytes, of one byte each and of several.
-- expect: same-unmarked
-- step: before
DO $$ BEGIN
EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY, %I int, %I int)', repeat('t', 63), repeat('c', 63), repeat('ж', 31));
EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY, n int)', repeat('日', 21));
EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY, n int)', repeat('日', 20) || '本');
EXECUTE format('INSERT INTO %I VALUES (1, 2, 3)', repeat('t', 63)); EXECUTE format('INSERT INTO %I VALUES (1, 2)', repeat('日', 21)); END $$;
-- step: live
DO $$ BEGIN EXECUTE format('INSERT INTO %I VALUES (2, 3, 4)', repeat('t', 63)); EXECUTE format('INSERT INTO %I VALUES (2, 3)', repeat('日', 21));
EXECUTE format('INSERT INTO %I VALUES (3, 4)', repeat('日', 20) || '本'); END $$;
