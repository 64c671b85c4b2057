-- Every kind of change, with and without key, TOAST, key changes, truncate, partitions, types.
CREATE TABLE orders (id integer PRIMARY KEY, quantity integer, note text);
ALTER TABLE orders ALTER note SET STORAGE EXTERNAL;
CREATE TABLE full_rows (id integer PRIMARY KEY, quantity integer, note text);
ALTER TABLE full_rows REPLICA IDENTITY FULL;
ALTER TABLE full_rows ALTER note SET STORAGE EXTERNAL;
CREATE TABLE no_key (a integer, b text);
ALTER TABLE no_key REPLICA IDENTITY FULL;
CREATE TABLE two_keys (b text NOT NULL, x integer, a integer NOT NULL, PRIMARY KEY (a, b));
CREATE TABLE by_index (id integer, code text NOT NULL UNIQUE);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key;
CREATE TABLE parted (id integer, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
CREATE TABLE "odd ""names" ("a ""quoted"" column" integer PRIMARY KEY, "tab	é" text);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE types (id bigint PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, n numeric(12,2),
    nn numeric, f4 real, f8 double precision, m money, t text, v varchar(50), c char(5), by bytea,
    d date, ti time, tz timetz, ts timestamp, tstz timestamptz, iv interval, u uuid, j json,
    jb jsonb, e mood, a integer[], ip inet, bits bit(4), pt point, r int4range);
-- stream
INSERT INTO orders VALUES (1, 5, 'short'), (2, NULL, '');
UPDATE orders SET quantity = 6 WHERE id = 1;
UPDATE orders SET note = repeat('long ', 600) WHERE id = 1;
UPDATE orders SET quantity = 7 WHERE id = 1;
UPDATE orders SET id = 10 WHERE id = 1;
UPDATE orders SET id = 20, note = E'tab\t "quote" \\ new\nline \x01 é' WHERE id = 2;
DELETE FROM orders WHERE id = 20;
BEGIN;
INSERT INTO full_rows VALUES (1, 1, repeat('long ', 600));
UPDATE full_rows SET quantity = 2;
UPDATE full_rows SET id = 2;
DELETE FROM full_rows;
COMMIT;
INSERT INTO no_key VALUES (1, 'x'), (1, 'x');
UPDATE no_key SET b = 'y';
DELETE FROM no_key;
INSERT INTO two_keys VALUES ('k', 1, 7);
UPDATE two_keys SET x = 2;
UPDATE two_keys SET b = 'l';
INSERT INTO by_index VALUES (1, 'one');
UPDATE by_index SET id = 2;
UPDATE by_index SET code = 'two';
INSERT INTO parted VALUES (1, '2025-02-01');
UPDATE parted SET day = '2025-08-01';
INSERT INTO "odd ""names" VALUES (1, 'x');
INSERT INTO types VALUES (9223372036854775807, true, -32768, 2147483647, -9223372036854775808, 1234567890.12,
    'NaN', 0.1, 1e300, -1234.5, 'text', 'varchar', 'c', '\x00deadbeef', '2025-07-21', '24:00:00', '10:00:00+02',
    '2025-07-21 10:00:00.123456', '2025-07-21 10:00:00.5+02', '1 year 2 days 03:04:05.6',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', '{"b":  [1, null]}', 'happy', '{1,NULL,3}',
    '192.168.0.1/24', '1010', '(1,2)', '[1,5)');
INSERT INTO types (id, b, f4, f8, d, ts, tstz, i8) VALUES (9007199254740992, false, '-Infinity', 'NaN',
    '0044-03-15 BC', 'infinity', '0044-03-15 10:00:00 BC', 9007199254740993);
INSERT INTO types (id, ts, tstz, d) VALUES (3, '294276-12-31 23:59:59.999999', '-infinity', '5874897-12-31');
ALTER TABLE orders ADD COLUMN extra numeric(6,3) DEFAULT 1.5;
INSERT INTO orders VALUES (30, 1, 'wider', 2.25);
TRUNCATE orders, full_rows, no_key;
