-- Tables with system versions hold rows of the past beside those of now; sequences are tables that no SELECT of rows shows.
-- expect: same-or-marked
-- step: before
CREATE TABLE v(id int PRIMARY KEY, a int) WITH SYSTEM VERSIONING; INSERT INTO v VALUES (1,1),(2,2),(3,3); UPDATE v SET a=5 WHERE id=1;
CREATE SEQUENCE s; SELECT NEXTVAL(s);
-- step: live
UPDATE v SET a=6 WHERE id=1; DELETE FROM v WHERE id=2; INSERT INTO v VALUES (4,4);

SELECT NEXTVAL(s), NEXTVAL(s);
-- step: down
UPDATE v SET a=7 WHERE id=3; INSERT INTO v VALUES (2,8); DELETE FROM v WHERE id=4; DELETE HISTORY FROM v; SELECT NEXTVAL(s);
