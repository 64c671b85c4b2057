#!/usr/bin/env python3
"""Every type of MySQL and MariaDB through the stream, held against what the server's own SELECT says:
as column, as key where legal, with and without compression of the log, each charset to UTF-8.

CDC_TEST_MYSQL_SERVICES: the servers, by default "mysql mariadb".
Pain 25: unsigned numbers. Pain 26: tinyint(1) and bit(1) are numbers everywhere. Pain 29: DATETIME is
never shifted. Pain 31: compressed transactions are read.
"""
import base64
import json
import os
import struct
import subprocess

import bed
from bed import BIN, say

SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()
BOTH, MYSQL, MARIADB = "both", "mysql", "mariadb"


def unhex(text):
    return bytes.fromhex(text)


def as_text(expected):
    return unhex(expected).decode("utf-8")


def stamp(text, zone):
    real = text[5:7] != "00" and text[8:10] != "00"
    return text.replace(" ", "T") + zone if real else text


def number(text):
    value = int(text)
    return value if abs(value) <= 1 << 53 else text


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


CHAR = "HEX(CONVERT({} USING utf8mb4))"
# kind: the expression whose text is asked of the server, and what the line has for that text
KINDS = {
    "integer": ("CAST({} AS CHAR)", number),
    "number": ("{}+0", number),
    "text": (CHAR, as_text),
    "plain": ("CAST({} AS CHAR)", str),
    "float": ("{}+0e0", float32),
    "double": ("{}+0e0", float),
    "datetime": ("CAST({} AS CHAR)", lambda text: stamp(text, "")),
    "timestamp": ("CAST({} AS CHAR)", lambda text: stamp(text, "Z")),
    "bytes": ("HEX({})", lambda text: base64.b64encode(unhex(text)).decode()),
    "vector": ("HEX({})", lambda text: list(struct.unpack(f"<{len(text) // 8}f", unhex(text)))),
}

LETTERS = "'aé€ß', 'x y', '', '\"\\\\\\n\\t/'"
JSON = """'null' 'true' 'false' '0' '-1' '32767' '32768' '-32768' '-32769' '65535' '65536' '2147483647'
'2147483648' '-2147483648' '-2147483649' '4294967295' '4294967296' '9223372036854775807'
'9223372036854775808' '18446744073709551615' '18446744073709551616' '1.0' '1.5' '-0.0' '0.1' '1e15'
'1e14' '123456789012345680.0' '1e16' '1e20' '1.5e300' '1e-14' '1e-15' '1e-16' '1.25e-7' '5e-324'
'1.7976931348623157e308' '""' '"a\\\\\\\\b\\\\"c\\\\n\\\\u0001\\\\u001f/é€😀"' '[]' '{}' '[1, [2, [3, {"a": []}]]]'
'{"b": 1, "aa": 2, "a": null, "é": "x", "": 0}' '{"a": {"b": {"c": [true, false, null]}}}'"""


def json_values():

    return [f"'{part}'" for part in JSON.replace("\n", " ").strip("'").split("' '")]


TYPES = [
    # name, servers, definition, values, kind, legal as key
    ("tinyint", BOTH, "tinyint", "-128, 127, 0", "integer", True),
    ("boolean", BOTH, "tinyint(1)", "0, 1, 5, -1", "integer", True),
    ("utinyint", BOTH, "tinyint unsigned", "0, 255", "integer", True),
    ("smallint", BOTH, "smallint", "-32768, 32767", "integer", True),
    ("usmallint", BOTH, "smallint unsigned", "0, 65535", "integer", True),
    ("mediumint", BOTH, "mediumint", "-8388608, 8388607, -1", "integer", True),
    ("umediumint", BOTH, "mediumint unsigned", "0, 16777215", "integer", True),
    ("int", BOTH, "int", "-2147483648, 2147483647, -1", "integer", True),
    ("uint", BOTH, "int unsigned zerofill", "0, 4294967295", "number", True),
    ("bigint", BOTH, "bigint", "-9223372036854775808, 9223372036854775807, 9007199254740992,"
     " 9007199254740993, -9007199254740993", "integer", True),
    ("ubigint", BOTH, "bigint unsigned", "0, 18446744073709551615, 9223372036854775808", "integer", True),
    ("bit1", BOTH, "bit(1)", "0, 1", "number", True),
    ("bit9", BOTH, "bit(9)", "0, 256, 511", "number", True),
    ("bit64", BOTH, "bit(64)", "0, 18446744073709551615, 1", "number", True),
    ("decimal", BOTH, "decimal(65,30)", "0, 99999999999999999999999999999999999.999999999999999999999999999999,"
     "-99999999999999999999999999999999999.999999999999999999999999999999, 0.000000000000000000000000000001,"
     "-1, 123456789.123456789", "plain", True),
    ("decimal10", BOTH, "decimal(10,0)", "0, -9999999999, 7", "plain", True),
    ("decimal9", BOTH, "decimal(9,9)", "0, -0.999999999, 0.000000001", "plain", True),
    ("decimal12", BOTH, "decimal(12,2)", "1234567890.12, -0.01, 10", "plain", True),
    ("udecimal", BOTH, "decimal(18,9) unsigned", "0, 999999999.999999999", "plain", True),
    ("float", BOTH, "float", "0, 0.1, -3.4028235e38, 1.17549435e-38, 16777216, 1e10, 123456.789", "float", False),
    ("double", BOTH, "double", "0, 0.1, -1.7976931348623157e308, 2.2250738585072014e-308, 1e15, 1e16, 1e22,"
     " 123456789.123456789, 1e-5, 1e-7", "double", False),
    ("year", BOTH, "year", "1901, 2155, 0, 2025", "number", True),
    ("date", BOTH, "date", "'1000-01-01', '9999-12-31', '0000-00-00', '2025-00-00', '2025-07-00', '2024-02-29',"
     " '0001-01-01'", "plain", True),
    ("time", BOTH, "time", "'-838:59:59', '838:59:59', '00:00:00', '-00:00:01', '12:34:56'", "plain", True),
    *((f"time{n}", BOTH, f"time({n})", "'-838:59:59.000000', '838:59:59', '00:00:00.000000', '-00:00:00.100000',"
       " '-00:00:01.999999', '12:34:56.123456', '-12:34:56.123456'", "plain", True) for n in range(1, 7)),
    ("datetime", BOTH, "datetime", "'1000-01-01 00:00:00', '9999-12-31 23:59:59', '0000-00-00 00:00:00',"
     " '2025-00-00 10:00:00', '2025-07-21 00:00:00'", "datetime", True),
    *((f"datetime{n}", BOTH, f"datetime({n})", "'1000-01-01 00:00:00.000001', '9998-12-31 23:59:59.999999',"
       " '0000-00-00 00:00:00', '2025-07-21 10:00:00.123456'", "datetime", True) for n in (1, 2, 3, 4, 5, 6)),
    ("timestamp", BOTH, "timestamp null", "'1970-01-01 00:00:01', '2038-01-19 03:14:07', '0000-00-00 00:00:00',"
     " '2025-07-21 10:00:00'", "timestamp", True),
    *((f"timestamp{n}", BOTH, f"timestamp({n}) null", "'1970-01-01 00:00:01', '2038-01-19 03:14:07',"
       " '0000-00-00 00:00:00', '2025-07-21 10:00:00.987654'", "timestamp", True) for n in (1, 3, 6)),
    ("char", BOTH, "char(10) charset utf8mb4", LETTERS, "text", True),
    ("char255", BOTH, "char(255) charset utf8mb4", f"{LETTERS}, REPEAT('😀', 255)", "text", False),
    ("varchar", BOTH, "varchar(50) charset utf8mb4", f"{LETTERS}, 'trailing  ', '😀'", "text", True),
    ("varchar_long", BOTH, "varchar(5000) charset utf8mb4", f"{LETTERS}, REPEAT('€', 5000)", "text", False),
    ("tinytext", BOTH, "tinytext charset utf8mb4", LETTERS, "text", False),
    ("text", BOTH, "text charset utf8mb4", f"{LETTERS}, REPEAT('é', 30000)", "text", False),
    ("mediumtext", BOTH, "mediumtext charset utf8mb4", f"{LETTERS}, REPEAT('é', 300000)", "text", False),
    ("longtext", BOTH, "longtext charset utf8mb4", LETTERS, "text", False),
    ("utf8mb3", BOTH, "varchar(20) charset utf8mb3", LETTERS, "text", True),
    ("binary", BOTH, "binary(5)", "'', 0x00, 0x0100, 0x0102030405, 0xff00ff00ff, 'a  '", "bytes", True),
    ("binary16", BOTH, "binary(16)", "'', 0x0100, UNHEX('00112233445566778899aabbccddee00')", "bytes", True),
    ("varbinary", BOTH, "varbinary(300)", "'', 0x00, 0x0100, REPEAT(0xff, 300)", "bytes", True),
    ("tinyblob", BOTH, "tinyblob", "'', 0x00, 0x0100, REPEAT(0xfe, 255)", "bytes", False),
    ("blob", BOTH, "blob", "'', 0x00ff, REPEAT(0xfe, 65535)", "bytes", False),
    ("mediumblob", BOTH, "mediumblob", "'', 0x00ff, REPEAT('x', 300000)", "bytes", False),
    ("longblob", BOTH, "longblob", "'', 0x00ff", "bytes", False),
    ("enum", BOTH, "enum('a','b c','é','','x''y') charset utf8mb4", "'a', 'b c', 'é', '', 'x''y', 'none'", "text", True),
    ("enum_odd", BOTH, r"enum('a\\b','it''s','x\ny','c\td')", r"'a\\b', 'it''s', 'x\ny', 'c\td'", "text", False),
    ("enum_latin1", BOTH, "enum('ä','ö') charset latin1", "'ä', 'ö'", "text", True),
    ("enum300", BOTH, "enum(" + ",".join(f"'v{i}'" for i in range(300)) + ")", "'v0', 'v255', 'v256', 'v299'", "text", True),
    ("set", BOTH, "set('a','b','é') charset utf8mb4", "'', 'a', 'a,b', 'a,b,é', 'é'", "text", True),
    ("set64", BOTH, "set(" + ",".join(f"'m{i}'" for i in range(64)) + ")", "'', 'm0,m63', 'm8,m31,m32'", "text", True),
    ("json", MYSQL, "json", json_values(), "text", False),
    ("json_sql", MYSQL, "json", """JSON_OBJECT('d', CAST('2025-07-21' AS DATE), 't', CAST('-12:34:56.5' AS TIME(6)),
     'dt', CAST('2025-07-21 10:00:00.123456' AS DATETIME(6)), 'n', CAST(-12.50 AS DECIMAL(20,3)),
     'b', CAST('abc' AS BINARY), 'u', CAST(18446744073709551615 AS UNSIGNED), 'y', CAST(x'00ff' AS BINARY)),
     CAST(CAST(99999999999999999999.5 AS DECIMAL(40,10)) AS JSON), CAST(CAST('0000-00-00' AS DATE) AS JSON)""", "text", False),
    ("json_long", MYSQL, "json", "JSON_ARRAY(REPEAT('x', 70000), REPEAT('é', 130), 1, 65536, -70000),"
     "JSON_OBJECT(REPEAT('k', 300), REPEAT('v', 20000), 'a', JSON_ARRAY(1, 70000, 1.5, true))", "text", False),
    ("json_mariadb", MARIADB, "json", "'{\"a\":  1}', '[1, 2.50]', 'null'", "text", False),
    ("geometry", BOTH, "geometry", "ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1)'),"
     "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')", "bytes", False),
    ("point", BOTH, "point", "ST_GeomFromText('POINT(1.5 -2)')", "bytes", False),
    ("uuid", MARIADB, "uuid", "'00000000-0000-0000-0000-000000000000', '123e4567-e89b-12d3-a456-426655440000',"
     "'ffffffff-ffff-ffff-ffff-ffffffffffff', 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',"
     "'017f22e2-79b0-7cc3-98c4-dc0c0c07398f', '1ec9414c-232a-6b00-b3c8-9e6bdeced846',"
     "'6fa459ea-ee8a-3ca4-894e-db77e160355e', '886313e1-3b8a-5372-9b90-0c9aee199e5d',"
     "'123e4567-e89b-12d3-0456-426655440000', '00112233-4455-6677-8899-aabbccddee00'", "plain", True),
    ("inet6", MARIADB, "inet6", "'::', '::1', '2001:db8::ff00:42:8329', '::ffff:192.0.2.1', 'ff02::', '1::2:0:0:3',"
     "'fe80:0:0:1:0:0:0:1', '::192.0.2.1'", "plain", True),
    ("inet4", MARIADB, "inet4", "'0.0.0.0', '192.0.2.0', '255.255.255.255'", "plain", True),
    ("compressed_varchar", MARIADB, "varchar(3000) compressed charset utf8mb4", "'', 'aé', REPEAT('é', 3000)", "text", False),
    ("compressed_blob", MARIADB, "blob compressed", "'', 0x00ff, REPEAT('ab', 30000)", "bytes", False),
    ("vector", "mysql9", "vector(3)", "STRING_TO_VECTOR('[1,2.5,-3e10]'), STRING_TO_VECTOR('[0,0.1,1e-10]')", "vector", False),
]

CHARSETS = ["latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866",
            "dec8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "macce", "macroman", "swe7", "tis620", "ascii",
            "armscii8", "geostd8"]
WIDE = ["ucs2", "utf16", "utf16le", "utf32"]
MULTI = {"gbk": "'中文€', '丂'", "gb2312": "'中文'", "gb18030": "'中文€😀𠀀'", "big5": "'中文'", "sjis": "'日本語ｱ表ソ'",
         "cp932": "'日本語ｱ①～'", "ujis": "'日本語ｱ'", "eucjpms": "'日本語①～'", "euckr": "'한국어똠'"}


class Server:
    def __init__(self, test, name):
        self.test, self.name = test, name
        self.url = test.urls[f"CDC_TEST_{name.upper()}_URL"]
        self.port = self.url.rsplit(":", 1)[1]
        self.mariadb = name.startswith("mariadb")

    def sql(self, text, db="types"):
        done = subprocess.run(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{self.port}", "-uroot", "-NB", "--raw",
                               "--default-character-set=utf8mb4", "--max-allowed-packet=64M", *([db] if db else [])],
                              input=text.encode(), capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stderr.decode(errors='replace')[:1500]}")
        return [line.split("\t") for line in done.stdout.decode().split("\n")[:-1]]

    def has(self, servers):
        kind = "mariadb" if self.mariadb else "mysql"
        return servers in (BOTH, kind, self.name)

    def fill(self):
        self.sql("DROP DATABASE IF EXISTS types; CREATE DATABASE types CHARACTER SET utf8mb4", db=None)
        lenient = "SET sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00';"
        self.types = [entry for entry in TYPES if self.has(entry[1])]
        known = {row[0] for row in self.sql("SELECT character_set_name FROM information_schema.character_sets", db=None)}
        script = [lenient]
        for name, _, definition, values, _, key in self.types:
            rows = values if isinstance(values, list) else split(values)
            inserted = ", ".join(f"({i + 1}, {value})" for i, value in enumerate(rows))
            script.append(f"CREATE TABLE c_{name} (id int PRIMARY KEY, v {definition});"
                          f"INSERT IGNORE INTO c_{name} VALUES {inserted}, (0, NULL);")
            if key:
                inserted = ", ".join(f"({value}, 0)" for value in rows)
                script.append(f"CREATE TABLE k_{name} (v {definition.replace(' null', ' not null')} NOT NULL PRIMARY KEY, n int);"
                              f"INSERT IGNORE INTO k_{name} VALUES {inserted}; UPDATE k_{name} SET n = n + 1;")
        script.append(self.mixed())
        bytes_ = ", ".join(f"({i}, UNHEX('{i:02x}'))" for i in range(32, 256))
        for charset in CHARSETS:
            script.append(f"CREATE TABLE cs_{charset} (id int PRIMARY KEY, v varchar(10) charset {charset}, b varbinary(10));"
                          f"INSERT INTO cs_{charset} (id, b) VALUES {bytes_};"
                          # a byte that is no character has no text, and stops capture
                          f"DELETE FROM cs_{charset} WHERE b <> '?' AND CONVERT(CONVERT(b USING {charset}) USING utf8mb4) = '?';"
                          f"UPDATE IGNORE cs_{charset} SET v = CONVERT(b USING {charset});")
        for charset in WIDE:
            script.append(f"CREATE TABLE cs_{charset} (id int PRIMARY KEY, v varchar(50) charset {charset});"
                          f"INSERT INTO cs_{charset} VALUES (1, 'aé€'), (2, ''), (3, 'Ω中')"
                          + ("" if charset == "ucs2" else ", (4, '😀x')") + ";")
        for charset, values in MULTI.items():
            rows = ", ".join(f"({i + 1}, {value})" for i, value in enumerate(split(values)))
            if charset in known:
                script.append(f"CREATE TABLE cs_{charset} (id int PRIMARY KEY, v varchar(50) charset {charset});"
                              f"INSERT IGNORE INTO cs_{charset} VALUES {rows}, (99, 'abc\\\\~');")
        self.sql("\n".join(script))

    def mixed(self):
        """Columns with and without a charset in turn: the log names charsets by counting columns."""
        others = {"mysql": "j json", "mariadb": "uu uuid, i6 inet6"}["mariadb" if self.mariadb else "mysql"]
        vector = ", ve vector(2)" if self.name == "mysql9" else ""
        return ("CREATE TABLE mixed (id int PRIMARY KEY, g geometry, b bit(3), a varchar(9) charset latin1, y year, " + others + vector +
                ", t text charset sjis, bl blob, e enum('ä') charset latin1, p point, un tinyint unsigned, c char(9) charset utf16,"
                " bn binary(3), s set('ö') charset greek, vb varbinary(9), z varchar(9) charset koi8r, n int unsigned);"
                "INSERT IGNORE INTO mixed (id, a, t, e, c, z, un, n, bl) VALUES (1, 'é€', '日本', 'ä', 'Ω', 'Ж', 255, 4294967295, x'ff');")

    def check_mixed(self, lines):
        got = next(line["after"] for line in lines if line.get("op") == "c" and line["source"]["table"] == "mixed")
        wanted = {"id": 1, "a": "é€", "t": "日本", "e": "ä", "c": "Ω", "z": "Ж", "un": 255, "n": 4294967295, "bl": "/w=="}
        if {name: got[name] for name in wanted} != wanted:
            raise RuntimeError(f"{self.name}: mixed: {got}")

    def capture(self, start):
        done = subprocess.run([BIN / "cdc-capture", "--source", f"{self.url}/types", "--from-position", start,
                               "--exit-at-end"], capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stderr.decode(errors='replace')}")
        self.texts = done.stdout.decode("utf-8").split("\n")[:-1]
        return [json.loads(line) for line in self.texts]

    def snapshot(self):
        done = subprocess.run([BIN / "cdc-snapshot", "--source", f"{self.url}/types", "--jobs", "2"],
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8").split("\n")[:-1]

    def check_snapshot(self, stream):
        """The same table lines, and of each row the same bytes as the last change of its key."""
        rows, versions = {}, {}
        for text in stream:
            line = json.loads(text)
            if "table" in line:
                versions[line["source"]["table"]] = line["table"]
            if line.get("op") in ("c", "u", "d"):
                key = (line["source"]["table"], text[:text.index(',"before":')])
                rows.pop(key, None)
                if line["op"] != "d":
                    rows[key] = text[text.index(',"after":'):text.index(',"source":')]
        read = self.snapshot()
        count = 0
        for text in read:
            line = json.loads(text)
            table = line.get("source", {}).get("table")
            if "table" in line and line["table"] != versions[table]:
                raise RuntimeError(f"{self.name}: snapshot {line['table']}, stream {versions[table]}")
            if line.get("op") == "r":
                count += 1
                key = (table, text[:text.index(',"before":')])
                after = text[text.index(',"after":'):text.index(',"source":')]
                if key == ("k_enum", '{"key":{"v":""}'):
                    rows.pop(key, None) # the label '' and what is no label are one text
                elif rows.pop(key, None) != after:
                    raise RuntimeError(f"{self.name}: {key}: snapshot {after[:500]}, stream otherwise")
        if rows:
            raise RuntimeError(f"{self.name}: not in the snapshot: {list(rows)[:5]}")
        say(f"{self.name}: {count} rows of a snapshot have the stream's bytes")

    def position(self):
        statement = "SHOW BINARY LOG STATUS" if self.name == "mysql9" else "SHOW MASTER STATUS"
        row = self.sql(statement, db=None)[0]
        return f"{row[0]}:{row[1]}"

    def check(self, lines):
        self.check_mixed(lines)
        rows = {}
        for line in lines:
            if line.get("op") == "d": # one of those that are no character
                rows[line["source"]["table"]] = [before for before in rows[line["source"]["table"]]
                                                 if before["key"] != line["key"]]
            if line.get("op") in ("c", "u"):
                source = line["source"]
                rows.setdefault(source["table"], []).append(line)
        count = 0
        for name, _, _, _, kind, key in self.types:
            expression, convert = KINDS[kind]
            wanted = {int(i): None if text == "NULL" and int(i) == 0 else convert(text)
                      for i, text in self.sql(f"SELECT id, {expression.format('v')} FROM c_{name}")}
            got = {line["after"]["id"]: line["after"]["v"] for line in rows[f"c_{name}"]}
            self.compare(name, kind, got, wanted)
            count += len(wanted)
            if not key:
                continue
            keys = sorted(str(convert(text)) for (text,) in self.sql(f"SELECT {expression.format('v')} FROM k_{name}"))
            updates = [line for line in rows[f"k_{name}"] if line["op"] == "u"]
            for line in updates:
                if list(line["key"]) != ["v"] or line["key"]["v"] != line["after"]["v"] != line["before"]["v"]:
                    raise RuntimeError(f"{self.name}: key of {name}: {line}")
            if sorted(str(line["key"]["v"]) for line in updates) != keys:
                raise RuntimeError(f"{self.name}: keys of {name}: {[u['key'] for u in updates]}, wanted {keys}")
        for table in [t for t in rows if t.startswith("cs_")]:
            wanted = {int(i): None if text == "NULL" else as_text(text)
                      for i, text in self.sql(f"SELECT id, {CHAR.format('v')} FROM {table}")}
            got = {line["after"]["id"]: line["after"]["v"] for line in rows[table]}
            self.compare(table, "text", got, wanted)
            count += len(wanted)
        say(f"{self.name}: {count} values are as the server writes them")

    def compare(self, name, kind, got, wanted):
        if kind in ("float",):
            got = {i: None if v is None else float32(v) for i, v in got.items()}
        if kind == "vector":
            got = {i: None if v is None else [float32(x) for x in v] for i, v in got.items()}
        if got != wanted:
            wrong = [(i, got.get(i), wanted.get(i)) for i in wanted | got if got.get(i) != wanted.get(i)]
            raise RuntimeError(f"{self.name}: {name}: (id, got, wanted) {str(wrong[:8])[:1500]}")


def split(values):
    """SQL values by commas outside quotes and parentheses."""
    out, depth, quoted, start, escaped = [], 0, False, 0, False
    for i, c in enumerate(values):
        if quoted and escaped:
            escaped = False
        elif quoted and c == "\\":
            escaped = True
        elif c == "'":
            quoted = not quoted
        elif not quoted and c in "()":
            depth += 1 if c == "(" else -1
        elif c == "," and not quoted and depth == 0:
            out.append(values[start:i].strip())
            start = i + 1
    return out + [values[start:].strip()]


class Test(bed.Bed):
    def __init__(self, work):
        fast = "sync_binlog=0\ninnodb_flush_log_at_trx_commit=0"
        super().__init__(work, SERVICES, CDC_MYSQL_CONF=fast, CDC_MARIADB_CONF=fast)


def without_places(lines):
    return [{k: v for k, v in line.items() if k in ("key", "before", "after", "op", "table")} for line in lines
            if "checkpoint" not in line]


def run(test):
    for name in SERVICES:
        server = Server(test, name)
        plain = server.position()
        server.fill()
        lines = server.capture(plain)
        server.check(lines)
        server.check_snapshot(server.texts)
        if server.mariadb:
            server.sql("SET GLOBAL log_bin_compress=ON, GLOBAL log_bin_compress_min_len=10", db=None)
        else:
            server.sql("SET GLOBAL binlog_transaction_compression=ON", db=None)
        start = server.position()
        server.fill()
        again = server.capture(start)
        server.check(again)
        if without_places(again) != without_places(lines):
            raise RuntimeError(f"{name}: a compressed log gives other lines")
        say(f"{name}: {len(again)} lines of a compressed log are the same")


if __name__ == "__main__":
    bed.main(Test, run)
