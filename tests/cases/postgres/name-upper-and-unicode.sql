-- Names as people quote them: capitals that differ alone, spaces, umlauts, other scripts, quotes, reserved words.
-- expect: same-unmarked
-- step: before
CREATE TABLE "Orders"("Id" int PRIMARY KEY, "iD" int, "Ünï cödé" text, "名前" text, "select" int, "from" int, "a""b" int, "c'd" int, "e`f" int, "g\h" int);
CREATE TABLE "日本"(id int PRIMARY KEY, "ключ" text); CREATE TABLE "with space"(" " int PRIMARY KEY, "  " int);
CREATE TABLE "table"("order" int PRIMARY KEY, "group" int, "values" int, "array" int, "distinct" int);
CREATE TABLE "O'Brien ""x"" `y` \z"(id int PRIMARY KEY);
INSERT INTO "Orders" VALUES (1, 2, 'ä', 'x', 3, 4, 5, 6, 7, 8); INSERT INTO "日本" VALUES (1, 'ж'); INSERT INTO "with space" VALUES (1, 2);
INSERT INTO "table" VALUES (1, 2, 3, 4, 5); INSERT INTO "O'Brien ""x"" `y` \z" VALUES (1);
-- step: live
INSERT INTO "Orders" VALUES (2, 3, 'ö', 'y', 4, 5, 6, 7, 8, 9); UPDATE "日本" SET "ключ" = 'я'; DELETE FROM "with space";

INSERT INTO "with space" VALUES (3, 4); UPDATE "table" SET "order" = 9; INSERT INTO "O'Brien ""x"" `y` \z" VALUES (2);
