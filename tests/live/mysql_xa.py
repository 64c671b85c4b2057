#!/usr/bin/env python3
"""XA transactions of MySQL and MariaDB: their rows stand in the log at XA PREPARE, and come to pass at XA COMMIT.

Prepared, committed and rolled back, of one phase, larger than what is kept in memory, compressed, while capture
runs and over its restart, a rotation of the log, a restart of the server, and a stop by SIGKILL: each row once,
in the order of the commits, and a place to go on at that stays before what is prepared. Begun behind a
transaction that is prepared, the stream is refused (1), or stops where it commits (3); it is refused (3), too,
where the log of the XA PREPARE is purged.

CDC_TEST_GTIDS=OFF: MySQL alone, without global transaction ids; the stream goes on by file and offset.
"""
import json
import os
import subprocess
import time

import bed
import mysql_types
from bed import BIN, say

NO_GTIDS = os.environ.get("CDC_TEST_GTIDS") == "OFF"
SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql" if NO_GTIDS else "mysql mariadb").split()
SETTINGS = {"CDC_MYSQL_CONF": "gtid-mode=OFF\nenforce-gtid-consistency=OFF"} if NO_GTIDS else {}
LARGE = 20000 # rows of some 100 bytes


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work, SERVICES, **SETTINGS)


class Stream:
    """Runs of one capture, each to the end of the log; its lines are kept, and acknowledged where asked."""

    def __init__(self, test, server):
        self.test, self.server = test, server
        self.state = test.work / f"{server.name}.json"
        self.lines = test.work / f"{server.name}.lines"
        self.words = [BIN / "cdc-capture", "--source", f"{server.url}/shop", "--checkpoint", self.state, "--exit-at-end",
                      "--drain", "1s"]

    def run(self, acknowledge=True, wanted=(0, 1)):
        """Each change as (op, id or None); the last checkpoint's member."""
        with open(self.test.errors, "ab") as errors:
            done = subprocess.run([str(word) for word in self.words], stdout=subprocess.PIPE, stderr=errors, check=False)
        if done.returncode not in wanted:
            raise RuntimeError(f"{self.server.name}: capture ended with {done.returncode}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        marks = [line for line in lines if "checkpoint" in line]
        if marks and acknowledge:
            self.state.write_text(json.dumps(marks[-1]) + "\n")
            with open(self.lines, "ab") as file:
                file.write(done.stdout)
        changes = [(line["op"], (line["after"] or line["before"] or {}).get("id")) for line in lines if "op" in line]
        return changes, marks[-1]["checkpoint"] if marks else None


def expect(what, got, wanted):
    if got != wanted:
        raise RuntimeError(f"{what}: got {str(got)[:300]}, wanted {str(wanted)[:300]}")


def prepare(server, xid, statement):
    # The session ends, as after a crash of the application; the transaction stays.
    server.sql(f"XA START '{xid}'; {statement}; XA END '{xid}'; XA PREPARE '{xid}'", db="shop")


def restart(test, server):
    test.services("restart", server.name)


def insert(number):
    return f"INSERT INTO t VALUES ({number}, 'x')"


def one_server(test, server):
    server.sql("CREATE DATABASE shop; CREATE DATABASE other; CREATE TABLE shop.t (id int PRIMARY KEY, v text); "
               "CREATE TABLE other.t (id int PRIMARY KEY, v text)", db=None)
    stream = Stream(test, server)
    expect("nothing yet", stream.run()[0], [])

    prepare(server, "early", insert(1))
    server.sql(insert(2), db="shop")
    changes, mark = stream.run()
    expect("what is prepared is not seen", changes, [("c", 2)])
    expect("global ids", "gtids" in mark, not NO_GTIDS)
    frozen = mark["position"]
    server.sql("XA COMMIT 'early'; " + insert(3), db="shop")
    changes, mark = stream.run()
    expect("over a restart of the capture, without what was sent before", changes, [("c", 1), ("c", 3)])
    if mark["position"] == frozen or "emitted_gtids" in mark:
        raise RuntimeError(f"the place did not move on: {mark}")

    prepare(server, "first", insert(10))
    server.sql("FLUSH LOGS; " + insert(11), db="shop")
    prepare(server, "second", insert(12))
    restart(test, server)
    stream.run()
    server.sql("XA COMMIT 'first'; FLUSH LOGS; " + insert(13), db="shop")
    expect("over rotations and a restart of the server", stream.run()[0], [("c", 10), ("c", 13)])
    server.sql("XA ROLLBACK 'second'; " + insert(14), db="shop")
    expect("rolled back", stream.run()[0], [("c", 14)])

    # Nothing was acknowledged: all comes again, in the same order.
    prepare(server, "third", insert(20))
    server.sql("UPDATE t SET v='y' WHERE id=1; XA COMMIT 'third'; UPDATE t SET v='z' WHERE id=20", db="shop")
    expect("not acknowledged", stream.run(acknowledge=False)[0], [("u", 1), ("c", 20), ("u", 20)])
    expect("again", stream.run()[0], [("u", 1), ("c", 20), ("u", 20)])

    server.sql("XA START 'one'; INSERT INTO t VALUES (30, 'x'); SAVEPOINT s; INSERT INTO t VALUES (31, 'x'); ROLLBACK TO s; "
               "INSERT INTO other.t VALUES (1, 'x'); XA END 'one'; XA COMMIT 'one' ONE PHASE; "
               "XA START 'none'; SELECT 1; XA END 'none'; XA PREPARE 'none'; XA COMMIT 'none'; "
               "XA START X'00ff', X'27', 77; UPDATE t SET id=32 WHERE id=30; INSERT INTO other.t VALUES (2, 'x'); DELETE FROM t WHERE id=14; "
               "XA END X'00ff', X'27', 77; XA PREPARE X'00ff', X'27', 77; XA COMMIT X'00ff', X'27', 77", db="shop")
    expect("of one phase, of no rows, of odd names", stream.run()[0], [("c", 30), ("d", 30), ("c", 32), ("d", 14)])

    digits = "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL " \
             "SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
    many = (f"INSERT INTO t SELECT 1000 + a.d + 10*b.d + 100*c.d + 1000*d.d + 10000*e.d, REPEAT('y', 100) FROM {digits} a, {digits} b, "
            f"{digits} c, {digits} d, (SELECT 0 d UNION ALL SELECT 1) e")
    compressed = "SET SESSION binlog_transaction_compression=ON; " if server.name.startswith("mysql") else ""
    server.sql(f"{compressed}XA START 'large'; {many}; XA END 'large'; XA PREPARE 'large'", db="shop")
    server.sql(insert(40), db="shop")
    expect("beside a large one", stream.run()[0], [("c", 40)])
    server.sql("XA COMMIT 'large'", db="shop")
    changes = stream.run()[0]
    expect("a large one", (len(changes), {op for op, _ in changes}), (LARGE, {"c"}))
    test.orders_hold(stream.lines, "--appended")
    say(f"{server.name}: committed, rolled back, over seams")

    prepare(server, "lost", insert(50))
    late = Stream(test, server)
    late.state = test.work / f"late.{server.name}.json"
    late.words[4] = late.state
    late.run(wanted=(1,))
    expect("why", "is prepared: its rows stand before the end of the log" in test.tail(), True)
    [end] = server.sql("SHOW BINARY LOG STATUS" if server.name == "mysql9" else "SHOW MASTER STATUS", db=None)
    server.sql("XA COMMIT 'lost'", db="shop")
    late.words += ["--from-position", f"{end[0]}:{end[1]}"]
    late.run(wanted=(3,))
    expect("its rows are those of this stream", stream.run()[0], [("c", 50)])
    killed(test, server, stream)
    purged(test, server, stream)


def purged(test, server, stream):
    """The file that holds the XA PREPARE is gone: refused, before and behind its XA COMMIT."""
    prepare(server, "purged", insert(300))
    server.sql(insert(301), db="shop")
    stream.run()
    server.sql("FLUSH LOGS; " + insert(302), db="shop")
    newest = server.sql("SHOW BINARY LOGS", db=None)[-1][0]
    purge_to(server, newest)
    stream.run(wanted=(3,))
    expect("why", "no longer has the log" in test.tail() and "Read the tables again with a snapshot" in test.tail(), True)
    server.sql("XA COMMIT 'purged'", db="shop")
    stream.run(wanted=(3,))
    say(f"{server.name}: refused where the XA PREPARE is purged")


def purge_to(server, newest):
    """MariaDB keeps a file, without a word, for a moment that recovery may need it."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        server.sql(f"PURGE BINARY LOGS TO '{newest}'", db=None)
        if server.sql("SHOW BINARY LOGS", db=None)[0][0] == newest:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{server.name}: files before {newest} are not purged")


def killed(test, server, stream):
    """SIGKILL at any time: what comes in the end has each change, and none between two of a transaction."""
    server.sql("DELETE FROM t", db="shop")
    stream.run()
    words = [word for word in stream.words if word != "--exit-at-end"] + ["--checkpoint-interval", "20ms"]
    seen = {}
    for number in range(100, 106):
        with open(test.work / "part", "wb") as file:
            process = test.spawn(words, stdout=file)
            prepare(server, f"k{number}", insert(number))
            if number % 2:
                server.sql(f"XA COMMIT 'k{number - 1}'", db="shop")
            server.sql(insert(number + 100), db="shop")
            time.sleep(0.8)
            process.kill()
            process.wait()
        take(stream, (test.work / "part").read_bytes(), seen)
    for number in range(100, 106):
        if number % 2:
            server.sql(f"XA COMMIT 'k{number}'", db="shop")
    with open(test.errors, "ab") as errors:
        done = subprocess.run([str(word) for word in stream.words], stdout=subprocess.PIPE, stderr=errors, check=False)
    take(stream, done.stdout, seen)
    expect("all rows", sorted(seen.values()), sorted([*range(100, 106), *range(200, 206)]))
    expect("in the order of the commits", [seen[order] for order in sorted(seen)], commit_order())
    say(f"{server.name}: killed and gone on")


def commit_order():
    out = []
    for number in range(100, 106):
        if number % 2:
            out.append(number - 1)
        out.append(number + 100)
    return out + [101, 103, 105]


def take(stream, part, seen):
    """The whole lines; the last checkpoint line is acknowledged."""
    lines = [json.loads(line) for line in part.split(b"\n")[:-1]]
    for line in lines:
        if "op" in line:
            order, row = line["source"]["order"], line["after"]["id"]
            if seen.get(order, row) != row:
                raise RuntimeError(f"two changes of order {order}")
            seen[order] = row
    marks = [line for line in lines if "checkpoint" in line]
    if marks:
        stream.state.write_text(json.dumps(marks[-1]) + "\n")


def run(test):
    for name in SERVICES:
        one_server(test, mysql_types.Server(test, name))


if __name__ == "__main__":
    bed.main(Test, run)
