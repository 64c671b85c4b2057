#!/usr/bin/env python3
"""XA transactions prepared on one server, and ended on its replica that took over, with the same checkpoint file.

Each row comes once, where its transaction commits, in that order: with a seam of capture before the XA PREPARE
is seen, behind it, a rotation and a restart of the new server, and changes of both servers in between; what is
rolled back never comes. Where the new server's log no longer has the XA PREPARE, the stream is refused (3).
"""
import json
import os
import subprocess

import bed
import failover_mysql as failover
import mysql_types
import mysql_xa as xa
from bed import ROOT, say

SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()


class Test(bed.Bed):
    def __init__(self, work):
        self.other = None
        super().__init__(work, SERVICES, **failover.settings(1))
        (work / "other").mkdir()
        self.other = bed.Bed(work / "other", SERVICES, **failover.settings(2))

    def stop(self):
        if self.other:
            self.other.stop()
        super().stop()


class Stream(xa.Stream):
    """Acknowledged while it runs: a stream of another epoch goes on when the first checkpoint of it is stored."""

    def run(self, wanted=(0,)):
        """Each change as (op, id)."""
        self.lines.touch()
        start = self.lines.stat().st_size
        capture = self.test.spawn(self.words, stdout=subprocess.PIPE)
        sink = self.test.spawn([ROOT / "tests" / "live" / "acknowledge.py", self.lines, self.state], stdin=capture.stdout)
        capture.stdout.close()
        code = capture.wait(60)
        sink.wait(60)
        if code not in wanted:
            raise RuntimeError(f"{self.server.name}: capture ended with {code}\n{self.test.tail()}")
        lines = [json.loads(line) for line in self.lines.read_bytes()[start:].splitlines()]
        return [(line["op"], (line["after"] or line["before"])["id"]) for line in lines if "op" in line]


def stop_following(server):
    server.sql("STOP SLAVE; RESET SLAVE ALL" if server.mariadb else "STOP REPLICA; RESET REPLICA ALL", db=None)


def one_kind(test, name):
    a, b = mysql_types.Server(test, name), mysql_types.Server(test.other, name)
    failover.follow(b, a, "slave_pos")
    a.sql("CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY, v text)", db=None)
    stream = Stream(test, a)
    xa.expect("nothing yet", stream.run(), [])

    xa.prepare(a, "first", xa.insert(1))
    a.sql(xa.insert(2), db="shop")
    xa.prepare(a, "undone", xa.insert(3))
    xa.expect("prepared on the old one", stream.run(), [("c", 2)])
    a.sql(xa.insert(4), db="shop")
    xa.prepare(a, "second", xa.insert(5))
    a.sql(xa.insert(6), db="shop")
    xa.expect("beside it", stream.run(), [("c", 4), ("c", 6)])
    # These were never read from the old one.
    xa.prepare(a, "unseen", xa.insert(7))
    a.sql(xa.insert(8), db="shop")
    failover.catch_up(b, a)
    stop_following(b)

    stream.words[2] = f"{b.url}/shop"
    b.sql("FLUSH LOGS; XA COMMIT 'second'; " + xa.insert(9), db="shop")
    xa.expect("committed on the new one, the later one first", stream.run(), [("c", 8), ("c", 5), ("c", 9)])
    b.sql("XA ROLLBACK 'undone'; " + xa.insert(10), db="shop")
    test.other.services("restart", name)
    xa.expect("rolled back on the new one", stream.run(), [("c", 10)])
    b.sql("FLUSH LOGS; XA COMMIT 'unseen'; XA COMMIT 'first'; " + xa.insert(11), db="shop")
    xa.expect("the oldest one last", stream.run(), [("c", 7), ("c", 1), ("c", 11)])
    xa.expect("nothing more", stream.run(), [])
    test.orders_hold(stream.lines, "--appended")
    say(f"{name}: ended on the replica")

    # Back at the first server, with a log that begins behind the XA PREPARE.
    failover.follow(a, b)
    xa.prepare(b, "lost", xa.insert(20))
    b.sql(xa.insert(21), db="shop")
    xa.expect("prepared on the second", stream.run(), [("c", 21)])
    failover.catch_up(a, b)
    stop_following(a)
    a.sql("FLUSH LOGS; " + xa.insert(22), db="shop")
    newest = a.sql("SHOW BINARY LOGS", db=None)[-1][0]
    xa.purge_to(a, newest)
    stream.words[2] = f"{a.url}/shop"
    stream.run(wanted=(3,))
    xa.expect("why", "transactions" in test.tail() and "are gone from it" in test.tail(), True)
    a.sql("XA COMMIT 'lost'", db="shop")
    stream.run(wanted=(3,))
    say(f"{name}: refused where the XA PREPARE is purged")


def run(test):
    for name in SERVICES:
        one_kind(test, name)


if __name__ == "__main__":
    bed.main(Test, run)
