-- Statements that change no stored row leave no mark, and what names a captured table only in passing neither. Pain 12.
-- expect: same-unmarked
-- step: before
CREATE TABLE t(id int PRIMARY KEY, v varchar(20), n int); INSERT INTO t VALUES (1,'a',1),(2,'b',2);
-- step: live
ALTER TABLE t ADD INDEX (v), ADD UNIQUE KEY u (n), COMMENT='t, v; drop table t', AUTO_INCREMENT=50, ENGINE=InnoDB; CREATE INDEX i ON t (n); DROP INDEX i ON t; ALTER TABLE t DROP INDEX u;

ANALYZE TABLE t; OPTIMIZE TABLE t; CREATE VIEW vt AS SELECT * FROM t; CREATE OR REPLACE VIEW vt AS SELECT id FROM t; DROP VIEW vt; ALTER TABLE t ALTER COLUMN n SET DEFAULT 5; ALTER TABLE t ALTER COLUMN n DROP DEFAULT; ALTER TABLE t ROW_FORMAT=DYNAMIC, FORCE;

CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = COALESCE(NEW.n, 99); INSERT INTO t(id) VALUES (3); DROP TRIGGER tr; CREATE PROCEDURE pr() UPDATE t SET n = n + 1; CALL pr(); DROP PROCEDURE pr;
-- step: down
CREATE USER IF NOT EXISTS 'harmless_case'@'%' IDENTIFIED BY 'x;drop table t'; GRANT SELECT ON t TO 'harmless_case'@'%'; ALTER USER 'harmless_case'@'%' IDENTIFIED BY 'y'; DROP USER 'harmless_case'@'%';
/* drop table t */ INSERT /*! */ INTO t(id, v, n) VALUES (4, 'DROP TABLE t', NULL); -- truncate t
# truncate t
LOCK TABLES t WRITE; UPDATE t SET v='locked' WHERE id=4; UNLOCK TABLES; ALTER DATABASE CHARACTER SET utf8mb4; REPAIR TABLE t;
