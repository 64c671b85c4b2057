-- Names with quotes, backslashes, blanks, dots, dollars and letters of other scripts.
-- expect: same
-- step: before
CREATE TABLE "a b"(id int PRIMARY KEY, "c d" text, "e""f" text, "g'h" text, "m.n" int, "ö" text, "$x" int, "1" int); CREATE TABLE "x/y"(id int PRIMARY KEY); CREATE TABLE "q""r"(id int PRIMARY KEY); CREATE TABLE "ß`z"(id int PRIMARY KEY);
INSERT INTO "a b" VALUES (1,'c','e','g',5,'o',6,7); INSERT INTO "x/y" VALUES (1); INSERT INTO "q""r" VALUES (1); INSERT INTO "ß`z" VALUES (1);
-- step: live
INSERT INTO "a b" VALUES (2,'c','e','g',5,'o',6,7); INSERT INTO "x/y" VALUES (2); INSERT INTO "q""r" VALUES (2); INSERT INTO "ß`z" VALUES (2);
