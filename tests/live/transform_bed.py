"""Cases of cdc-transform on lines that are made here. No server.

Each case has a folder of its own, feeds lines, and looks at the lines that come out, the exit status and
the messages.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CDC_TEST_BIN", ROOT / "build" / "bin"))

ORDERS = [("id", "bigint"), ("customer_id", "integer"), ("amount", "numeric(12,2)"), ("note", "text")]
CUSTOMERS = [("id", "integer"), ("name", "text")]
JOIN = """CREATE VIEW details KEY (id) AS SELECT o.id, o.amount, o.note, c.name
          FROM orders o JOIN customers c ON c.id = o.customer_id;"""


def order(position, index=0, epoch=1):
    return f"{epoch:04x}{position:016x}{index:012x}"


class Lines:
    """Lines of a source whose log position only rises."""

    def __init__(self, position=1000):
        self.text = []
        self.position = position
        self.index = 0
        self.epoch = 1
        self.gtid = None # of MySQL

    def source(self, table, at=None):
        return {"connector": "postgresql", "name": "s", "ts_ms": 1763709000000, "db": "d", "schema": "public",
                "table": table, "gtid": self.gtid, "order": at or order(self.position, self.index, self.epoch)}

    def add(self, line):
        self.text.append(json.dumps(line, separators=(",", ":")))
        return self

    def table(self, name, columns, key=("id",), defaults=None, collations=None, at=None):
        described = []
        for number, (column, kind) in enumerate(columns, 1):
            one = {"name": column, "type": kind, "nullable": column not in key, "number": number}
            if column in key:
                one["key"] = key.index(column) + 1
            if kind == "numeric(12,2)":
                one |= {"precision": 12, "scale": 2}
            if column in (defaults or {}):
                one["default"] = defaults[column]
            described.append(one)
        return self.add({"table": {"name": f"public.{name}", "version": "v"}
                                  | ({"collations": collations} if collations else {}) | {"columns": described},
                         "source": self.source(name, at or order(self.position)), "ts_ms": 1})

    def change(self, table, op, row, before=None, unchanged=(), key=True, at=None):
        self.index += 1
        line = {"key": {"id": row["id"]} if key else None,
                "before": before if before is not None else ({"id": row["id"]} if op == "d" and key else None),
                "after": None if op == "d" else row}
        if op == "d" and not key:
            line["before"] = row
        if unchanged:
            line["unchanged"] = list(unchanged)
        place = order(self.position) if op == "r" else None
        return self.add(line | {"source": self.source(table, at or place), "op": op, "ts_ms": 2})

    def truncate(self, table):
        self.index += 1
        return self.add({"key": None, "before": None, "after": None, "source": self.source(table), "op": "t",
                         "ts_ms": 2})

    def snapshot(self, table, rows, columns=None, key=("id",), **more):
        if columns:
            self.table(table, columns, key, **more)
        for status in ("begin", "end"):
            self.add({"snapshot": {"status": status, "whole": True},
                      "source": self.source(table, order(self.position)), "ts_ms": 1})
            if status == "begin":
                for row in rows:
                    self.change(table, "r", row, key=bool(key))
        return self

    def checkpoint(self, slot="s", snapshot=None):
        self.position += 10
        self.index = 0
        return self.add({"checkpoint": {"v": 1, "kind": "postgres", "server": "1", "database": "d", "slot": slot,
                                        "position": f"0/{self.position:X}", "order": order(self.position),
                                        "commit_ts_ms": 1763709000000, "snapshot": snapshot}, "ts_ms": 3})

    def beside(self):
        """A checkpoint line of cdc-snapshot beside the stream of MySQL."""
        return self.mysql({"beside": True})

    def mysql(self, more=None, server="a", kind="mysql"):
        """A checkpoint line of MySQL, where the log stands."""
        self.position += 10
        self.index = 0
        return self.add({"checkpoint": {"v": 1, "kind": kind, "server": server, "database": "", "slot": "",
                                        "position": f"binlog.000001:{self.position}",
                                        "order": order(self.position, 0, self.epoch),
                                        "commit_ts_ms": 1763709000000, "snapshot": None} | (more or {}), "ts_ms": 3})

    def mark(self, source=None):
        """A checkpoint line of cdc-consume --marks; source: the method that makes the mark's own line."""
        (source or self.checkpoint)()
        told = json.loads(self.text.pop())["checkpoint"]
        return self.add({"checkpoint": told | {"kind": "kafka", "server": "k", "database": "", "slot": "", "marks": True,
                                               "position": f"d.public.visits:0={self.position}", "source": told},
                         "ts_ms": 3})

    def take(self):
        """The lines so far; the next ones follow them."""
        text, self.text = self.text, []
        return "".join(line + "\n" for line in text)


class Tool:
    """cdc-transform in a folder: a view file, a state, and what a target would hold."""

    def __init__(self, folder, views):
        self.folder = pathlib.Path(folder)
        self.write(views)
        self.rows = {} # view: key: (order, row)
        self.bags = {} # view without key: (before, after) of each line
        self.words = []

    def write(self, views):
        (self.folder / "views.sql").write_text(views)

    def command(self, *options):
        return [BIN / "cdc-transform", "--views", self.folder / "views.sql", "--state", self.folder / "state",
                "--ack", "on-write", *options]

    def run(self, lines, *options, code=0):
        """The lines that came out."""
        done = subprocess.run(self.command(*options), input=lines, capture_output=True, text=True, check=False)
        self.words = done.stderr
        if done.returncode != code:
            raise AssertionError(f"exit status {done.returncode}, not {code}: {done.stderr}")
        out = [json.loads(line) for line in done.stdout.splitlines()]
        for line in out:
            self.apply(line)
        self.counted(out)
        return out

    def counted(self, out):
        """What the last message says of the lines that came out."""
        told = re.search(r"([0-9,]+) rows of views", self.words)
        if told:
            written = sum(line.get("op", "t") != "t" and line["source"]["connector"] == "transform" for line in out)
            expect("rows of views", int(told[1].replace(",", "")), written)

    def apply(self, line):
        if "snapshot" in line and line["snapshot"]["status"] == "end":
            rows = self.rows.get(line["source"]["table"], {})
            for key in [k for k, (at, _) in rows.items() if at < line["source"]["order"]]:
                del rows[key]
        if "key" not in line or line["source"]["connector"] != "transform":
            return
        if line["op"] == "t":
            self.rows.pop(line["source"]["table"], None)
            self.bags.pop(line["source"]["table"], None)
            return
        rows = self.rows.setdefault(line["source"]["table"], {})
        if line["key"] is None:
            self.bags.setdefault(line["source"]["table"], []).append((line["before"], line["after"]))
            return
        key, at = json.dumps(line["key"]), line["source"]["order"]
        if key not in rows or rows[key][0] < at:
            rows[key] = (at, line["after"])

    def content(self, view):
        return sorted((row for _, row in self.rows.get(view, {}).values() if row is not None), key=json.dumps)

    def bag(self, view):
        rows = []
        for before, after in self.bags.get(view, []):
            if before is not None:
                rows.remove(before)
            if after is not None:
                rows.append(after)
        return sorted(rows, key=json.dumps)


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}:\n  got    {got}\n  wanted {wanted}")


def ops(out):
    return [line["op"] for line in out if "key" in line]


def an_order(number, customer=1, amount="1.00", note="n"):
    return {"id": number, "customer_id": customer, "amount": amount, "note": note}


def customer(number, name=None):
    return {"id": number, "name": name or f"c{number}"}


def base(lines):
    return (lines.snapshot("orders", [an_order(1), an_order(2, 2)], ORDERS)
            .snapshot("customers", [customer(1), customer(2)], CUSTOMERS).checkpoint())


CASES = []


def case(function):
    CASES.append(function)
    return function


def main():
    wanted = sys.argv[1:]
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        print(f"--- {function.__name__}", flush=True)
        with tempfile.TemporaryDirectory(prefix="cdc-lines-") as folder:
            try:
                function(folder)
            except Exception as error: # told, whatever it was
                print(f"FAILED: {function.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
                sys.exit(1)
