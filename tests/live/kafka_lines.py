#!/usr/bin/env python3
"""Lines of cdc-event(5) as a source would write them, for tests of the Kafka tools.

kafka_lines.py [--rows N] [--keys N] [--tables N] [--alter N] [--first N] [--pad BYTES]
               [--checkpoint-every N] [--slot NAME] [--no-key] [--retype] [--whole]

Every row is one transaction at its own order; every 7th change of a key is a delete, every 11th a
truncate where --truncates is given. --alter N spreads N more shapes of each table over the run; with
--retype they differ by the type of one column only, and come back, and each row's note is the
version of its shape. --whole: facts, a snapshot of three rows and a mark of each table stand in
front.
"""
import argparse
import hashlib
import json
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=100)
parser.add_argument("--keys", type=int, default=10)
parser.add_argument("--tables", type=int, default=1)
parser.add_argument("--alter", type=int, default=0)
parser.add_argument("--first", type=int, default=1, help="number of the first row")
parser.add_argument("--pad", type=int, default=0)
parser.add_argument("--checkpoint-every", type=int, default=10)
parser.add_argument("--slot", default="test")
parser.add_argument("--no-key", action="store_true")
parser.add_argument("--truncates", action="store_true")
parser.add_argument("--retype", action="store_true")
parser.add_argument("--whole", action="store_true")
arguments = parser.parse_args()

NOW = int(time.time() * 1000)
out = sys.stdout


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def source(table, number, index=1):
    order = "0001%016x%012x" % (0x1000 + number * 8, index)
    return {"version": "0.1.0", "connector": "postgresql", "name": "shop", "ts_ms": NOW + number,
            "snapshot": "false", "db": "inventory", "schema": "public", "table": table,
            "txId": number, "lsn": 0x1000 + number * 8, "xmin": None, "order": order}


def shape(version):
    key = {} if arguments.no_key else {"key": 1}
    columns = [{"name": "id", "type": "integer", "nullable": False, **key},
               {"name": "n", "type": "bigint" if arguments.retype and version % 2 else "integer",
                "nullable": True},
               {"name": "note", "type": "text", "nullable": True}]
    if not arguments.retype:
        columns += [{"name": f"c{i}", "type": "text", "nullable": True} for i in range(version)]
    text = dump(columns)
    return columns, hashlib.sha256(text.encode()).hexdigest()[:16]


def checkpoint(number):
    order = "0001%016x%012x" % (0x1000 + (number + 1) * 8, 0)
    position = 0x1000 + (number + 1) * 8
    return {"checkpoint": {"v": 1, "kind": "postgres", "server": "7312345678901234567",
                           "database": "inventory", "slot": arguments.slot,
                           "position": f"0/{position:X}", "order": order,
                           "commit_ts_ms": NOW + number, "snapshot": None}, "ts_ms": NOW + number}


def write_table(table, number, columns, digest):
    out.write(dump({"table": {"name": f"public.{table}", "version": digest, "columns": columns},
                    "source": source(table, number), "ts_ms": NOW}) + "\n")


def write_whole(table):
    """Facts, the snapshot and a mark of a table, at a place before the first row."""
    columns, digest = shape(0)
    place = source(table, arguments.first - 1, 0)
    write_table(table, arguments.first - 1, columns, digest)
    out.write(dump({"facts": {"oid": 1}, "source": place, "ts_ms": NOW}) + "\n")
    for status in ("begin", "end"):
        out.write(dump({"snapshot": {"status": status, "whole": True}, "source": place,
                        "ts_ms": NOW}) + "\n")
        for identity in range(-3 if status == "begin" else 0, 0):
            row = {"id": identity, "n": 0, "note": digest}
            out.write(dump({"key": None if arguments.no_key else {"id": identity}, "before": None,
                            "after": row, "source": {**place, "snapshot": "true"}, "op": "r",
                            "ts_ms": NOW}) + "\n")
    out.write(dump({"mark": {"kind": "unproven", "why": "a test"}, "source": place,
                    "ts_ms": NOW}) + "\n")


versions = {}
for number in range(arguments.tables if arguments.whole else 0):
    write_whole(f"t{number}")
    versions[f"t{number}"] = 0
last = arguments.first + arguments.rows - 1
for number in range(arguments.first, last + 1):
    table = f"t{number % arguments.tables}"
    version = (number - arguments.first) * (arguments.alter + 1) // arguments.rows
    columns, digest = shape(version)
    if versions.get(table) != version:
        versions[table] = version
        write_table(table, number, columns, digest)
    identity = number % arguments.keys
    key = None if arguments.no_key else {"id": identity}
    row = {"id": identity, "n": number, "note": "x" * arguments.pad + f"ü\n\"{number}\""}
    if arguments.retype:
        row["note"] = digest
    else:
        row.update({f"c{i}": f"v{version}" for i in range(version)})
    if arguments.truncates and number % 11 == 0:
        line = {"key": None, "before": None, "after": None, "source": source(table, number),
                "op": "t", "ts_ms": NOW}
    elif number % 7 == 0:
        line = {"key": key, "before": key or row, "after": None, "source": source(table, number),
                "op": "d", "ts_ms": NOW}
    else:
        line = {"key": key, "before": None, "after": row, "source": source(table, number),
                "op": "c", "ts_ms": NOW}
    out.write(dump(line) + "\n")
    if number % arguments.checkpoint_every == 0 or number == last:
        out.write(dump(checkpoint(number)) + "\n")
