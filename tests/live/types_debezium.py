#!/usr/bin/env python3
"""--types debezium is what Debezium 3.3 itself writes for the same table, in its snapshot and in its
stream; cdc-capture and cdc-snapshot write the same bytes. The real connector's values are kept in
tests/data/types/debezium.golden (CDC_TEST_REWRITE=1 writes it anew), which types_values.py uses too.

Published in Avro, ours are read into the same lines as the connector's records with their schemas: table line and
rows.
"""
import json
import os
import struct
import subprocess
import time

import bed
import connect
import types_table
from bed import ROOT, say

GOLDEN = ROOT / "tests" / "data" / "types" / "debezium.golden"


def tested(types):
    """The columns that Debezium has, and of each the values that it can say."""
    return [t for t in types if t.debezium]


def columns_sql(types):
    return "id int PRIMARY KEY, n int" + "".join(f", {t.name}_ {t.sql}" for t in tested(types))


def inserts(types):
    """Row 0 is NULL in every column; row n has every type's n-th value."""
    rows = 1 + max(len(t.values) for t in tested(types))
    for row in range(rows):
        pairs = [("id", str(row))]
        for t in tested(types):
            if 0 < row <= len(t.values):
                pairs.append((t.name + "_", "'" + t.values[row - 1].replace("'", "''") + f"'::{t.sql}"))
        names, values = zip(*pairs)
        yield f"INSERT INTO dbz ({', '.join(names)}) VALUES ({', '.join(values)})"


def same(ours, theirs):
    """Equal as JSON, where 1 is 1.0, and a float4's shortest digits may be others in Java."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, float) and isinstance(theirs, float) and abs(ours) < 1e-30:
        return struct.pack("f", ours) == struct.pack("f", theirs)
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def same_line(ours, theirs):
    """The same of lines, where a text that holds JSON may have other blanks and numbers."""
    if isinstance(ours, str) and isinstance(theirs, str) and ours.startswith("{") and theirs.startswith("{"):
        return json.loads(ours) == json.loads(theirs)
    return same(ours, theirs)


def differences(types, ours, theirs, stream=True):
    """Of two lists of rows, each a dictionary by column."""
    found, compared = [], 0
    for t in tested(types):
        for row, value in enumerate([None] + t.values):
            if value in t.not_debezium or (not stream and value in t.only_stream):
                continue
            compared += 1
            a, b = ours[row][t.name + "_"], theirs[row][t.name + "_"]
            if not same(a, b):
                found.append(f"{t.name} {value!r:.60}: ours {a!r:.200}, Debezium's {b!r:.200}")
    if compared < 200:
        found.append(f"only {compared} values were compared")
    return found


def golden_rows():
    return [json.loads(line) for line in GOLDEN.read_text().splitlines()]


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work, services=("postgres", "kafka", "debezium", "registry"))
        self.kafka = ("--brokers", self.urls["CDC_TEST_KAFKA_BROKERS"], "--registry", self.urls["CDC_TEST_REGISTRY_URL"])
        available = set(self.psql("SELECT name FROM pg_available_extensions").split())
        self.types = [t for t in types_table.TYPES if not t.extension or t.extension in available]
        for extension in sorted({t.extension for t in self.types if t.extension}):
            self.psql(f"CREATE EXTENSION {extension}")
        self.psql(types_table.PREPARE)
        self.psql(f"CREATE TABLE dbz ({columns_sql(self.types)}); ALTER TABLE dbz REPLICA IDENTITY FULL")
        for statement in inserts(self.types):
            self.psql(statement)

    def rest(self, method, path, body=None):
        return connect.rest(self.urls["CDC_TEST_DEBEZIUM_URL"], method, path, body)

    def start_connector(self):
        port = self.source.rsplit(":", 1)[1].split("/")[0]
        self.rest("POST", "/connectors", {"name": "dbz", "config": {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": "127.0.0.1", "database.port": port, "database.user": "postgres",
            "database.password": "none", "database.dbname": "postgres", "topic.prefix": "dbz",
            "plugin.name": "pgoutput", "slot.name": "dbz", "publication.name": "dbz",
            "publication.autocreate.mode": "filtered", "table.include.list": "public.dbz",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "true"}})

    def topic(self, op, count):
        """The rows of one operation, by id, once all are there."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            got = subprocess.run(["kcat", "-b", self.urls["CDC_TEST_KAFKA_BROKERS"], "-C", "-e", "-q",
                                  "-t", "dbz.public.dbz"], capture_output=True, text=True, check=False)
            rows = [json.loads(line)["payload"] for line in got.stdout.splitlines()]
            rows = {r["after"]["id"]: r["after"] for r in rows if r["op"] == op}
            if len(rows) == count:
                return [rows[i] for i in range(count)]
            if "FAILED" in self.rest("GET", "/connectors/dbz/status"):
                raise RuntimeError(self.rest("GET", "/connectors/dbz/status")[:3000])
            time.sleep(0.5)
        raise RuntimeError(f"Debezium sent {len(rows)} rows of {count}: {self.rest('GET', '/connectors/dbz/status')}")

    def output(self, *words, given=None):
        done = subprocess.run(words, env=self.env, input=given, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: exit {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout.splitlines()

    def tool(self, *words):
        return [line for line in self.output(*words) if line.startswith('{"key"')]

    def consumed(self, topic):
        """The table line's columns, and the rows of the updates by id, of a topic as cdc-consume reads it."""
        columns, rows = None, {}
        for line in map(json.loads, self.output("cdc-consume", *self.kafka, "--topics", topic, "--exit-at-end")):
            if "table" in line:
                columns = line["table"]["columns"]
            elif line.get("op") == "u":
                rows[line["after"]["id"]] = line["after"]
        return columns, rows

    def compare_avro(self, captured):
        """`captured` are lines of --types debezium. What Debezium cannot say, Avro has no form for: left out here."""
        left_out = {(row, t.name + "_") for t in tested(self.types) for row, value in enumerate([None] + t.values)
                    if value in t.not_debezium}

        def without(line):
            change = json.loads(line)
            for image in (change.get("before"), change.get("after")):
                for name in image or {}:
                    if (image["id"], name) in left_out:
                        image[name] = None
            return json.dumps(change, ensure_ascii=False, separators=(",", ":"))
        lines = [without(line) if line.startswith('{"key"') else line for line in captured]
        self.output("cdc-publish", *self.kafka, "--format", "avro", "--prefix", "ours", given="\n".join(lines) + "\n")
        (our_columns, our_rows), (their_columns, their_rows) = self.consumed("ours.public.dbz"), self.consumed("dbz.public.dbz")
        found = [f"{ours['name']}: ours is {ours}, Debezium's {theirs}"
                 for ours, theirs in zip(our_columns, their_columns) if ours != theirs]
        if our_rows.keys() != their_rows.keys() or len(our_columns) != len(their_columns):
            found.append(f"{len(our_rows)} rows, {len(their_rows)} of Debezium's")
        for row, theirs in their_rows.items():
            found += [f"{name} of {row}: ours {our_rows[row][name]!r:.200}, Debezium's {value!r:.200}"
                      for name, value in theirs.items()
                      if (row, name) not in left_out and not same_line(our_rows[row][name], value)]
        return [f"Avro: {one}" for one in found]

    def run(self):
        rows = int(self.psql("SELECT count(*) FROM dbz"))
        ours = ("--source", self.source, "--types", "debezium")
        self.tool("cdc-capture", "--source", self.source, "--slot", "ours", "--create",
                  "--exit-after-create", "--tables", "dbz")
        self.start_connector()
        snapshot = self.topic("r", rows)
        say(f"Debezium's snapshot: {len(snapshot)} rows")
        self.psql("UPDATE dbz SET n = id")
        stream = self.topic("u", rows)
        self.rest("DELETE", "/connectors/dbz")

        read = self.tool("cdc-snapshot", *ours, "--publication", "ours")
        stream_lines = self.output("cdc-capture", *ours, "--slot", "ours", "--peek", "--exit-at-end")
        captured = [line for line in stream_lines if line.startswith('{"key"')]
        images = [[line[line.index(',"after":'):line.index(',"source":')] for line in sorted(
            lines, key=lambda line: json.loads(line)["key"]["id"])] for lines in (read, captured)]
        if images[0] != images[1]:
            raise RuntimeError("cdc-snapshot and cdc-capture differ")
        mine = [json.loads(image[len(',"after":'):]) for image in images[0]]
        for row in mine:
            if not all(t.name + "_" in row for t in tested(self.types)):
                raise RuntimeError("a column is missing")
        if os.environ.get("CDC_TEST_REWRITE"):
            GOLDEN.parent.mkdir(exist_ok=True)
            GOLDEN.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in stream))
        found = differences(self.types, mine, stream)
        found += ["snapshot: " + d for d in differences(self.types, mine, snapshot, stream=False)]
        found += ["golden: " + d for d in differences(self.types, golden_rows(), stream)]
        found += self.compare_avro(stream_lines)
        if found:
            raise RuntimeError("\n".join(found))
        say(f"{len(tested(self.types))} columns are as Debezium has them")


if __name__ == "__main__":
    bed.main(Test, Test.run)
