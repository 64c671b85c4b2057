-- Rows first, then the primary key, as every restore does; nothing before it had one.
-- expect: same-or-marked
-- options: both --allow-no-identity
-- step: before
CREATE TABLE t(id int, v text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1,'a'),(2,'b');
-- step: live
INSERT INTO t VALUES (3,'c');

ALTER TABLE t ADD PRIMARY KEY (id); ALTER TABLE t REPLICA IDENTITY DEFAULT;

INSERT INTO t VALUES (4,'d'); UPDATE t SET v='B' WHERE id=2; DELETE FROM t WHERE id=1;
