-- One column of each kind; without checksums, so that every event can be cut at every byte.
SET time_zone = '+00:00', sql_mode = '';
CREATE TABLE types (id bigint unsigned PRIMARY KEY, ti tinyint, si smallint, mi mediumint, bi bigint, b bit(10), d decimal(20,5), f float, db double, y year,
  da date, t time(3), dt datetime(6), ts timestamp(1) NULL, c char(5) CHARSET utf8mb4, v varchar(300) CHARSET latin1, tx text CHARSET sjis, u varchar(10) CHARSET utf16,
  bn binary(4), bl blob, e enum('a','ü') CHARSET latin1, s set('x','y','z'), g geometry);
INSERT INTO types VALUES (18446744073709551615, -128, -32768, -8388608, -9223372036854775808, 513, -12345.67890, 0.1, 1e100, 2155, '9999-12-31', '-838:59:59.999',
  '2025-07-21 10:00:00.123456', '2025-07-21 10:00:00.1', 'ab', 'é€', '日本語', 'aΩ', 0x0100, 'bytes', 'ü', 'x,z', ST_GeomFromText('POINT(1 2)'));
INSERT INTO types (id) VALUES (0);
INSERT INTO types (id, da, dt, ts, t, e) VALUES (1, '0000-00-00', '2025-00-00 00:00:00', '0000-00-00 00:00:00', '-00:00:00.001', 'none');
UPDATE types SET ti = 1 WHERE id = 1;
