-- Tables without key lose a column, and rows from before change behind that, live and while the pipe is down; others gain one.
-- expect: same-or-marked
-- step: before
CREATE TABLE live(f int, v int); INSERT INTO live VALUES (1,1),(1,1),(2,2); CREATE TABLE down AS SELECT * FROM live; CREATE TABLE added AS SELECT * FROM live;
ALTER TABLE live REPLICA IDENTITY FULL; ALTER TABLE down REPLICA IDENTITY FULL; ALTER TABLE added REPLICA IDENTITY FULL;
-- step: live
ALTER TABLE live DROP f; UPDATE live SET v=v+1;
-- step: down
ALTER TABLE down DROP f; DELETE FROM down WHERE v=1; ALTER TABLE added ADD w int DEFAULT 5; UPDATE added SET v=9;
