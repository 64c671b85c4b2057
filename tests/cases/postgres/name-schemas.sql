-- One name in several schemas, with names of schemas that need quotes.
-- expect: same-unmarked
-- options: load --table-name {schema}_{table}
-- step: before
CREATE SCHEMA "My Schema"; CREATE SCHEMA "a.b"; CREATE SCHEMA "order"; CREATE TABLE "My Schema".t(id int PRIMARY KEY); CREATE TABLE "a.b".t(id int PRIMARY KEY);
CREATE TABLE "order"."t.u"(id int PRIMARY KEY); CREATE TABLE public.t(id int PRIMARY KEY);
INSERT INTO "My Schema".t VALUES (1); INSERT INTO "a.b".t VALUES (2); INSERT INTO "order"."t.u" VALUES (3); INSERT INTO t VALUES (4);
-- step: live
INSERT INTO "My Schema".t VALUES (11); INSERT INTO "a.b".t VALUES (12); UPDATE "order"."t.u" SET id = 13; DELETE FROM t;
