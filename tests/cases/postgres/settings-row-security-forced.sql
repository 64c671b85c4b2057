-- FORCE ROW LEVEL SECURITY: also the owner would see a part only. A superuser sees all.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, n text); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON t USING (id < 2); INSERT INTO t SELECT g, repeat(md5(g::text), 200) FROM generate_series(1, 5) g;
ALTER TABLE t ALTER n SET STORAGE EXTERNAL;
-- step: live
INSERT INTO t VALUES (6, 'six'); UPDATE t SET id = id + 10 WHERE id = 4; DELETE FROM t WHERE id = 5;
