-- Percent signs, which stand for other characters in stored names, braces of templates, and line ends.
-- expect: same-unmarked
-- step: before
CREATE TABLE "50%"(id int PRIMARY KEY, "%2E" int, "100%" int, "%s%d" int, "a.%2Eb" int, "{table}" int, "new
line" int, "tab	" int);
CREATE TABLE "%2A"(id int PRIMARY KEY); CREATE TABLE "{schema}"(id int PRIMARY KEY); CREATE TABLE "a/b"(id int PRIMARY KEY); CREATE TABLE ".hidden"(id int PRIMARY KEY);
INSERT INTO "50%" VALUES (1, 2, 3, 4, 5, 6, 7, 8); INSERT INTO "%2A" VALUES (1); INSERT INTO "{schema}" VALUES (1); INSERT INTO "a/b" VALUES (1); INSERT INTO ".hidden" VALUES (1);
-- step: live
INSERT INTO "50%" VALUES (2, 3, 4, 5, 6, 7, 8, 9); INSERT INTO "%2A" VALUES (2); INSERT INTO "{schema}" VALUES (2);
UPDATE "a/b" SET id = 7; DELETE FROM ".hidden";
