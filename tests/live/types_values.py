#!/usr/bin/env python3
"""Every PostgreSQL type of types_table.py: through insert, update and delete, as column and as key,
by the stream and by the snapshot, and back from ClickHouse.

What each value becomes on its way is held against tests/data/types/values.golden, one line a value;
CDC_TEST_REWRITE=1 writes it anew. The rows in ClickHouse are compared with PostgreSQL's by parity.py,
which shares no code with the tools, and by cdc-verify.
Pain 22: decimals of every size. Pain 26: one codec for snapshot and stream. Pain 27: every type has
an exact form. Pain 28: enums travel as labels.
"""
import hashlib
import json
import os
import re
import subprocess
import sys

import bed
import types_debezium
import types_table
from bed import ROOT, say

GOLDEN = ROOT / "tests" / "data" / "types" / "values.golden"
LONG = 400


class RawNumber(str):
    """The digits of a number as the line has them."""


def raw(line):
    return json.loads(line, parse_int=RawNumber, parse_float=RawNumber)


def text_of(value):
    """A value as it stands in the line; a very long one as its start and digest."""
    if isinstance(value, RawNumber):
        text = str(value)
    elif isinstance(value, list):
        text = "[" + ",".join(map(text_of, value)) + "]"
    elif isinstance(value, dict):
        text = "{" + ",".join(f"{json.dumps(k)}:{text_of(v)}" for k, v in value.items()) + "}"
    else:
        text = json.dumps(value, ensure_ascii=False)
    if len(text) > LONG:
        return f"{text[:60]}… {len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return text


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work)
        available = set(self.psql("SELECT name FROM pg_available_extensions").split())
        self.types = [t for t in types_table.TYPES if not t.extension or t.extension in available]
        for extension in sorted({t.extension for t in self.types if t.extension}):
            self.psql(f"CREATE EXTENSION {extension}")
        self.psql(types_table.PREPARE + types_table.PREPARE_NOT_DEBEZIUM)
        self.keys = [t for t in self.types if t.key]

    def tool(self, *words, stdin=None, codes=(0,)):
        done = subprocess.run([str(word) for word in words], env=self.env, input=stdin, check=False,
                              capture_output=True)
        if done.returncode not in codes:
            raise RuntimeError(f"{words}: exit {done.returncode}: {(done.stderr + done.stdout[-8000:]).decode()[-8000:]}")
        return done.stdout

    def make(self):
        for table, stored in (("types", True), ("odd", False)):
            columns = "".join(f", {t.name} {t.sql}" for t in self.types if t.stored == stored)
            self.psql(f"CREATE TABLE {table} (id int PRIMARY KEY{columns});"
                      f"ALTER TABLE {table} REPLICA IDENTITY FULL")
        self.psql(";".join(f"CREATE TABLE k_{t.name} (v {t.sql} PRIMARY KEY, n int)" for t in self.keys))
        self.tool("cdc-capture", "--source", self.source, "--slot", "types", "--create",
                  "--exit-after-create")

    def fill(self):
        """Row 0 is NULL in every column; row n has every type's n-th value."""
        rows = 1 + max(len(t.values) for t in self.types)
        text = []
        for table, stored in (("types", True), ("odd", False)):
            for row in range(rows):
                pairs = [("id", str(row))]
                pairs += [(t.name, f"{quoted(t.values[row - 1])}::{t.sql}") for t in self.types
                          if t.stored == stored and 0 < row <= len(t.values)]
                names, values = zip(*pairs)
                text.append(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(values)})")
        for t in self.keys:
            text += [f"INSERT INTO k_{t.name} VALUES ({quoted(v)}::{t.sql}, {n})"
                     for n, v in enumerate(t.values)]
        self.run_sql(text)

    def change(self):
        """Every value goes through UPDATE, before and after; then some rows go."""
        text = []
        for table, stored in (("types", True), ("odd", False)):
            names = ", ".join(t.name for t in self.types if t.stored == stored)
            # Rows move on by one: every value is once old and once new.
            text.append(f"CREATE TEMP TABLE kept AS SELECT * FROM {table}")
            text.append(f"UPDATE {table} t SET ({names}) = (SELECT {names} FROM kept k WHERE k.id = "
                        f"(t.id + 1) % (SELECT count(*) FROM kept))")
            text.append("DROP TABLE kept")
            text.append(f"DELETE FROM {table} WHERE id = 2")
        for t in self.keys:
            text.append(f"UPDATE k_{t.name} SET n = n + 100")
            text.append(f"DELETE FROM k_{t.name} WHERE n = 100")
        self.run_sql(text)

    def run_sql(self, statements):
        path = self.work / "statements.sql"
        path.write_text(";\n".join(statements) + ";\n")
        self.tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.source, "-f", path)

    def capture(self, *words):
        return self.tool("cdc-capture", "--source", self.source, "--slot", "types", "--peek",
                         "--exit-at-end", *words).decode().splitlines()

    def check_same(self, lines):
        """What the stream says of a row last is what the snapshot says: the same bytes."""
        # What PostGIS brings along was there before the stream.
        snapshot = self.tool("cdc-snapshot", "--source", self.source, "--publication", "types",
                             "--exclude", "spatial_ref_sys", "--allow-no-match").decode()

        def images(lines):
            rows, tables = {}, {}
            for line in lines:
                if not line.startswith(('{"key"', '{"table"')):
                    continue
                head, _, source = line.partition(',"source":')
                table = source[source.index('"schema"'):].split(',"txId"')[0].split(',"order"')[0]
                if line.startswith('{"table"'):
                    tables[table] = head
                elif line.startswith('{"key"'):
                    key = head[:head.index(',"before":')]
                    after = head[head.rindex(',"after":'):]
                    rows[table, key] = after
                    if after == ',"after":null':
                        del rows[table, key]
            return rows, tables
        streamed, read = images(lines), images(snapshot.splitlines())
        for ours, theirs in zip(streamed, read):
            for item in ours.keys() | theirs.keys():
                if ours.get(item) != theirs.get(item):
                    raise RuntimeError(f"stream and snapshot differ: {item}\n{ours.get(item)}\n{theirs.get(item)}")
        say(f"stream and snapshot are equal: {len(read[0])} rows, {len(read[1])} tables")
        if len(read[0]) < 150 or len(read[1]) < len(self.keys) + 2:
            raise RuntimeError("too little was compared")

    def check_changes(self, lines):
        """Old values of updates and deletes are spelled as the inserted ones are."""
        inserted, seen = set(), 0
        for line in lines:
            if not line.startswith('{"key"'):
                continue
            change = raw(line)
            if change["source"]["table"] not in ("types", "odd"):
                continue
            if change["op"] == "c":
                inserted |= {(n, text_of(v)) for n, v in change["after"].items() if n != "id"}
            else:
                for image in (change["before"], change["after"]):
                    for name, value in (image or {}).items():
                        seen += 1
                        if name != "id" and (name, text_of(value)) not in inserted:
                            raise RuntimeError(f"{change['op']} spells {name} as {text_of(value)}")
        if seen < 1000:
            raise RuntimeError(f"only {seen} values of updates and deletes")

    def golden(self, lines):
        columns, values = {}, {}
        for line in lines:
            if line.startswith('{"table"'):
                table = raw(line)
                columns |= {(table["source"]["table"], c["name"]): c for c in table["table"]["columns"]}
            elif line.startswith('{"key"'):
                change = raw(line)
                if change["op"] == "c":
                    name = change["source"]["table"]
                    for column, value in change["after"].items():
                        values[name, change["key"]["id"] if "id" in change["key"] else None, column] = value
        shapes = dict(line.split("\t") for line in self.clickhouse(
            "SELECT name, type FROM system.columns WHERE table = 'types' AND database = currentDatabase()").splitlines())
        # Rows come back in the state before the updates: the target was filled up to there.
        back = [raw(row) for row in self.clickhouse(
            "SELECT * REPLACE (base64Encode(bytea) AS bytea, arrayMap(x -> base64Encode(x), array_bytea) AS "
            "array_bytea) FROM types ORDER BY id SETTINGS output_format_json_quote_64bit_integers = 0, "
            "output_format_json_quote_decimals = 1, output_format_decimal_trailing_zeros = 1, "
            "output_format_json_quote_denormals = 1 FORMAT JSONEachRow").splitlines()]
        out = []
        for t in self.types:
            table = "types" if t.stored else "odd"
            column = dict(columns[table, t.name])
            del column["name"], column["number"], column["nullable"]
            out.append(f"{t.name}: {t.sql} {text_of(column)} ClickHouse: {shapes.get(t.name, 'refused')}")
            for row, value in enumerate(["NULL"] + t.values):
                line = f"    {text_of(value)} -> {text_of(values[table, RawNumber(row), t.name])}"
                if t.stored:
                    line += f" -> {text_of(back[row][t.name])}"
                out.append(line)
        return "\n".join(out) + "\n"

    def load(self, lines, *words, target=None):
        self.tool("cdc-load", "--target", target or self.target, *words,
                  stdin=("\n".join(lines) + "\n").encode())

    def run(self):
        say(f"{len(self.types)} types, {len(self.keys)} of them as keys")
        self.make()
        self.fill()
        refused = ["odd", "dbz"] + [f"k_{t.name}" for t in self.keys if not t.stored]
        exclude = ["--allow-no-match", *(word for name in refused for word in ("--exclude", name))]
        tables = ["types"] + [f"k_{t.name}" for t in self.keys if t.stored]

        say("inserts, into ClickHouse and back")
        lines = self.capture()
        self.load(self.capture(*exclude))
        self.parity(tables)
        self.compare_golden(self.golden(lines))

        self.compare_debezium()
        say("updates and deletes")
        self.change()
        lines = self.capture()
        self.check_changes(lines)
        self.check_same(lines)
        lines = self.capture(*exclude)
        self.load(lines)
        self.parity(tables)
        self.clickhouse("CREATE DATABASE history")
        history = self.target.rsplit("/", 1)[0] + "/history"
        self.load(lines, "--mode", "history", target=history)
        self.parity(tables, target=history)
        done = self.tool("cdc-verify", "--source", self.source, "--target", self.target,
                         "--json", *[w for name in tables for w in ("--tables", name)])
        say(f"cdc-verify finds the same: {len(done)} bytes")

    def compare_debezium(self):
        """--types debezium against what the real one wrote when types_debezium.py kept it."""
        self.psql(f"CREATE TABLE dbz ({types_debezium.columns_sql(self.types)})")
        self.run_sql(list(types_debezium.inserts(self.types)))
        lines = self.tool("cdc-snapshot", "--source", self.source, "--types", "debezium", "--tables", "dbz",
                          "--publication", "types").decode().splitlines()
        changes = [json.loads(line) for line in lines if line.startswith('{"key"')]
        if any(change["source"]["types"] != "debezium" for change in changes):
            raise RuntimeError("source.types does not say debezium")
        rows = {change["key"]["id"]: change["after"] for change in changes}
        found = types_debezium.differences(self.types, rows, types_debezium.golden_rows())
        if found:
            raise RuntimeError("--types debezium:\n" + "\n".join(found))
        refused = self.tool("cdc-load", "--target", f"chdb:{self.work}/refused", codes=(4,),
                            stdin=("\n".join(lines) + "\n").encode())
        say(f"--types debezium is as kept, and cdc-load refuses it{refused.decode()}")

    def compare_golden(self, text):
        if os.environ.get("CDC_TEST_REWRITE"):
            GOLDEN.parent.mkdir(exist_ok=True)
            GOLDEN.write_text(text)
            return
        # A server without an extension has none of its types.
        blocks = re.split(r"^(?=\w)", GOLDEN.read_text(), flags=re.MULTILINE)
        names = {t.name for t in self.types}
        (self.work / "wanted.golden").write_text("".join(b for b in blocks if b.split(":")[0] in names))
        (self.work / "got.golden").write_text(text)
        done = subprocess.run(["diff", "-u", self.work / "wanted.golden", self.work / "got.golden"], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"not as in {GOLDEN.name}:\n{done.stdout[:6000]}")


if __name__ == "__main__":
    bed.main(Test, Test.run)
