-- Tables without key lose a column, and rows from before change behind that, live and while the pipe is down; others gain one.
-- expect: same-or-marked
-- step: before
CREATE TABLE live(f int, v int); INSERT INTO live VALUES (1,1),(1,1),(2,2); CREATE TABLE down(f int, v int); INSERT INTO down SELECT * FROM live; CREATE TABLE added(f int, v int); INSERT INTO added SELECT * FROM live;
-- step: live
ALTER TABLE live DROP f; UPDATE live SET v=v+1;
-- step: down
ALTER TABLE down DROP f; DELETE FROM down WHERE v=1 LIMIT 1; ALTER TABLE added ADD w int; UPDATE added SET v=9;
