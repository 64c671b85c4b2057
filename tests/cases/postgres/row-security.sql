-- Row security hides rows from the role: nothing is read or repaired by it in silence.
-- expect: same
-- step: before
CREATE TABLE t(id int PRIMARY KEY, owner text, body text); ALTER TABLE t ALTER body SET STORAGE EXTERNAL; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (owner = 'nobody');
INSERT INTO t VALUES (1,'x',repeat('b',9000)),(2,'nobody','c');
-- step: live
UPDATE t SET id = id + 10;
