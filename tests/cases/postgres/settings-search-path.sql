-- search_path of the database hides the catalog's operators and types behind others of the same names.
-- expect: same-unmarked
-- step: before
CREATE SCHEMA evil; CREATE TABLE evil.t(id int PRIMARY KEY, n text); CREATE TABLE public.t2(id int PRIMARY KEY, e evil.t);
CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql AS $$ SELECT 'nonsense'::text $$;
CREATE FUNCTION evil.never(text, text) RETURNS bool LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public', current_database()); END $$;
INSERT INTO evil.t VALUES (1, 'a'); INSERT INTO public.t2 VALUES (1, '(1,a)');
-- step: live
INSERT INTO evil.t VALUES (2, 'b'); INSERT INTO public.t2 VALUES (2, '(2,b)');

UPDATE evil.t SET n = 'c' WHERE id = 1; DELETE FROM public.t2 WHERE id = 1;
