#!/usr/bin/env python3
"""Tables of MySQL and MariaDB read by ranges of their key are read whole, each row once: integers to both ends
of their range, decimals, strings by the collation of their column, binary strings, times, keys of several columns,
odd names; in parallel; and on from checkpoints of a run that was stopped. Pain 25."""
import json
import random
import subprocess

import bed
from bed import BIN, say

ROWS = 400
WORDS = ["a", "A", "ä", "Ä", "b ", "B", "ß", "ss", "é", "z", "Z", "ñ", "n", "ø", "o", "-", "_", " ", "0", "日", "本", "😀", "'", "\\", '"', "%"]


def text(longest):
    return "".join(random.choice(WORDS) for _ in range(random.randrange(longest)))


def literal(value):
    if isinstance(value, bytes):
        return f"X'{value.hex()}'" if value else "''"
    if isinstance(value, str):
        return "_utf8mb4 X'" + value.encode().hex() + "'" if value else "''"
    return str(value)


# Name, columns of the key, type of each, and what makes a value of each.
KEYS = [
    ("big", ["id"], ["bigint unsigned"], [lambda: random.choice([0, 2**64 - 1, random.randrange(2**64)])]),
    ("small", ["id"], ["int"], [lambda: random.choice([-2**31, 2**31 - 1, random.randrange(-500, 500)])]),
    ("money", ["id"], ["decimal(30,4)"], [lambda: f"{random.randrange(-10**9, 10**9)}.{random.randrange(10000):04}"]),
    ("word", ["w"], ["varchar(20) character set utf8mb4"], [lambda: text(6)]),
    ("latin", ["w"], ["varchar(20) character set latin1"], [lambda: text(6).encode("latin1", "ignore").decode("latin1")]),
    ("cs", ["w"], ["char(20) character set utf8mb4 collate utf8mb4_bin"], [lambda: text(6).rstrip()]),
    ("raw", ["w"], ["varbinary(20)"], [lambda: random.randbytes(random.randrange(4))]),
    ("uuid16", ["w"], ["binary(16)"], [lambda: random.randbytes(16)]),
    ("day", ["d"], ["datetime(6)"], [lambda: f"20{random.randrange(10, 30)}-0{random.randrange(1, 10)}-11 10:00:00.{random.randrange(10**6):06}"]),
    ("span", ["d"], ["time(3)"], [lambda: f"{random.choice(['', '-'])}{random.randrange(800)}:{random.randrange(10, 60)}:00.{random.randrange(1000):03}"]),
    ("pair", ["w", "id"], ["varchar(9) character set utf8mb4", "int"], [lambda: text(2), lambda: random.randrange(-50, 50)]),
    ("three", ["b", "a", "c"], ["tinyint", "varchar(9) character set utf8mb4", "binary(2)"],
     [lambda: random.randrange(3), lambda: text(2), lambda: random.randbytes(2)]),
    ("odd ` name", ["select"], ["year"], [lambda: random.randrange(1901, 2155)]),
    ("mood", ["m", "id"], ["enum('z','a','b')", "int"], [lambda: random.choice("zab"), lambda: random.randrange(500)]),
]


# Of MariaDB: its index has the blanks that a comparison by such a collation has not.
UNPADDED = [
    ("unpadded", ["w"], ["char(9) character set utf8mb4 collate utf8mb4_unicode_nopad_ci"], [lambda: (text(5) + random.choice(["", "\t"])).rstrip(" ")]),
    ("unpadded_pair", ["w", "id"], ["char(9) character set utf8mb4 collate utf8mb4_nopad_bin", "int"],
     [lambda: (text(3) + random.choice(["", "\t", "\x01"])).rstrip(" "), lambda: random.randrange(9)]),
]


class Server:
    def __init__(self, test, kind):
        self.keys = KEYS + (UNPADDED if kind == "mariadb" else [])
        self.kind, self.url = kind, test.urls[f"CDC_TEST_{kind.upper()}_URL"]
        self.port = self.url.rsplit(":", 1)[1].split("/")[0]
        self.test = test

    def my(self, sql):
        done = subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", self.port, "-u", "root", "-B",
                               "--skip-column-names", "--default-character-set=utf8mb4"], input=sql, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def snapshot(self, *options):
        done = subprocess.run([BIN / "cdc-snapshot", "--source", self.url + "/keys", *options], capture_output=True,
                              text=True, env=self.test.env)
        return done.returncode, done.stdout.splitlines(), done.stderr


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def fill(server):
    server.my("CREATE DATABASE `keys`")
    for name, columns, types, makers in server.keys:
        definition = ", ".join(f"{quoted(c)} {t}" for c, t in zip(columns, types))
        order = ", ".join(quoted(c) for c in columns)
        rows = ", ".join("(" + ", ".join(literal(make()) for make in makers) + f", {n})" for n in range(ROWS))
        server.my(f"SET sql_mode=''; USE `keys`; CREATE TABLE {quoted(name)} ({definition}, n int, PRIMARY KEY ({order})); "
                  f"INSERT IGNORE INTO {quoted(name)} VALUES {rows}; ANALYZE TABLE {quoted(name)};")


def rows_of(lines):
    """Key and row of each, by table, in the order of the lines."""
    found = {}
    for line in lines:
        if line.startswith('{"key"'):
            item = json.loads(line)
            found.setdefault(item["source"]["table"], []).append((json.dumps(item["key"]), json.dumps(item["after"])))
    return found


def ends(server, *options):
    """The lines of a run that reads all there is to read; nobody acknowledges them where there is a file."""
    code, lines, err = server.snapshot(*options, "--drain", "500ms")
    if not lines or json.loads(lines[-1]).get("checkpoint", {}).get("snapshot") != "done":
        raise RuntimeError(f"exit {code}: {err}")
    return lines


def check(server):
    say(f"{server.kind}: by ranges, in parallel, the same rows as whole")
    fill(server)
    whole = rows_of(ends(server, "--jobs", "1"))
    counts = {name: int(server.my(f"SELECT count(*) FROM `keys`.{quoted(name)}")) for name, *_ in server.keys}
    if {name: len(rows) for name, rows in whole.items()} != counts:
        raise RuntimeError("whole tables have other rows than the server counts")
    ranged = rows_of(ends(server, "--jobs", "3", "--chunk-rows", "7", "--chunk-by", "key"))
    for name in counts:
        if sorted(ranged[name]) != sorted(whole[name]):
            raise RuntimeError(f"{name} by ranges: {set(ranged[name]) ^ set(whole[name])}")

    say(f"{server.kind}: on from checkpoints in the midst of tables")
    options = ["--jobs", "2", "--chunk-rows", "20", "--chunk-by", "key"]
    lines = ends(server, *options, "--max-rows-per-second", "1000")
    midst = []
    for number, line in enumerate(lines):
        snapshot = json.loads(line)["checkpoint"]["snapshot"] if line.startswith('{"checkpoint"') else None
        if isinstance(snapshot, dict) and any(table.get("after") for table in snapshot["tables"]):
            midst.append(number)
    if not midst:
        raise RuntimeError("no checkpoint in the midst of a table")
    state = server.test.work / f"{server.kind}.json"
    left_out = 0
    for mark in random.sample(midst, min(3, len(midst))):
        state.write_text(lines[mark] + "\n")
        rest = ends(server, *options, "--checkpoint", str(state))
        if json.loads(rest[-1])["checkpoint"]["position"] != json.loads(lines[mark])["checkpoint"]["position"]:
            raise RuntimeError("the stream begins elsewhere")
        before, after = rows_of(lines[:mark]), rows_of(rest)
        for name, count in counts.items():
            got = set(before.get(name, []) + after.get(name, []))
            if got != set(whole[name]):
                raise RuntimeError(f"{name}, on from a checkpoint: {got ^ set(whole[name])}")
            left_out += len(after.get(name, [])) < count
    if left_out == 0:
        raise RuntimeError("a run that goes on reads everything again")

    say(f"{server.kind}: a table of another shape is read from its start, a broken key is refused")
    in_work = json.loads(lines[midst[-1]])
    begun = [table for table in in_work["checkpoint"]["snapshot"]["tables"] if table.get("after")]
    server.my(f"ALTER TABLE `keys`.{quoted(begun[0]['table'])} ADD COLUMN more int")
    state.write_text(json.dumps(in_work) + "\n")
    if len(rows_of(ends(server, *options, "--checkpoint", str(state)))[begun[0]["table"]]) != counts[begun[0]["table"]]:
        raise RuntimeError("a table that was altered was not read from its start")
    big = next(table for table in in_work["checkpoint"]["snapshot"]["tables"] if table["table"] == "big")
    big.pop("done", None)
    big.update(order=in_work["checkpoint"]["order"], key=["id"], after=["1 OR 1=1"])
    state.write_text(json.dumps(in_work) + "\n")
    code, _, err = server.snapshot(*options, "--checkpoint", str(state), "--drain", "500ms")
    if code != 5 or "is no value of its type" not in err:
        raise RuntimeError(f"a broken key: exit {code}: {err}")


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work, ("mysql", "mariadb"))


def run(test):
    for kind in ("mysql", "mariadb"):
        check(Server(test, kind))


if __name__ == "__main__":
    bed.main(Test, run)
