#!/usr/bin/env python3
"""cdc-capture | cdc-load of MySQL and MariaDB under writers and SIGKILL.

A snapshot is loaded; then the stream's line is started again and again, and capture or load is killed at a
random moment, while writers change a table with a key, one with a key of two columns and one without key.
Between kills the log is rotated, what all have read is purged, and the server is restarted. At the end the
line runs to the end of the log: source and target have the same rows, and every checkpoint's order fits the
changes around it.

CDC_TEST_SOAK=1: 30 kills, else 6. CDC_TEST_MYSQL_SERVICES: by default "mysql mariadb". CDC_TEST_GTID=OFF: by
file and offset (MySQL).
"""
import json
import os
import random
import subprocess
import threading
import time

import bed
import mysql_types
import snapshot_seam_mysql as seam
from bed import BIN, say

KILLS = 30 if bed.SOAK else 6
WRITERS = 3
SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()
GTID = os.environ.get("CDC_TEST_GTID", "ON")


class Test(bed.Bed):
    def __init__(self, work):
        fast = "sync_binlog=1\ninnodb_flush_log_at_trx_commit=1"
        mode = "" if GTID == "ON" else f"\ngtid_mode={GTID}\nenforce_gtid_consistency={GTID}"
        super().__init__(work, ["clickhouse", *SERVICES], CDC_MYSQL_CONF=fast + mode, CDC_MARIADB_CONF=fast)


class Writers:
    """They begin again after a restart of the server."""

    def __init__(self, server):
        self.server = server
        self.start()

    def start(self):
        self.stop_asked = threading.Event()
        self.threads = [threading.Thread(target=self.write, daemon=True) for _ in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self):
        try:
            seam.write(self.server, self.stop_asked, random.randrange(1 << 30))
        except BrokenPipeError:
            pass # the server went away

    def stop(self):
        self.stop_asked.set()
        for thread in self.threads:
            thread.join()


class Pipe:
    def __init__(self, test, server, target, state, *options):
        lines = test.work / f"{server.name}.lines"
        self.capture = test.spawn([BIN / "cdc-capture", "--source", f"{server.url}/seam", "--exclude", "digits",
                                   "--checkpoint", state, "--checkpoint-interval", "100ms", *options], stdout=subprocess.PIPE)
        self.tee = test.spawn(["tee", "-a", lines], stdin=self.capture.stdout, stdout=subprocess.PIPE)
        self.load = test.spawn([BIN / "cdc-load", "--target", target, "--checkpoint", state, "--flush-interval", "100ms"],
                               stdin=self.tee.stdout)
        self.capture.stdout.close()
        self.tee.stdout.close()

    def wait(self):
        return self.capture.wait(300), self.tee.wait(300), self.load.wait(300)


def restart(test, server):
    test.services("restart", server.name)


def purge(server, state):
    """What the checkpoint has passed."""
    position = json.loads(state.read_text().splitlines()[-1])["checkpoint"]["position"]
    server.sql(f"PURGE BINARY LOGS TO '{position.split(':')[0]}'", db=None)


def one_server(test, server):
    server.sql(seam.SCHEMA, db=None)
    test.clickhouse(f"CREATE DATABASE {server.name}")
    target = f"{test.target.rsplit('/', 1)[0]}/{server.name}"
    state = test.work / f"{server.name}.json"
    writers = Writers(server)
    read = [BIN / "cdc-snapshot", "--source", f"{server.url}/seam", "--exclude", "digits", "--checkpoint", state]
    if codes := [code for code in seam.pipe(test, read, target, state, False) if code]:
        raise RuntimeError(f"{server.name}: the snapshot ended with {codes}\n{test.tail()}")
    for number in range(KILLS):
        pipe = Pipe(test, server, target, state)
        time.sleep(random.uniform(0.1, 1.5))
        event = ["", "rotate", "purge", "restart"][number % 4]
        if event == "rotate":
            server.sql("FLUSH LOGS", db=None)
        elif event == "purge":
            purge(server, state)
        elif event == "restart":
            writers.stop()
            restart(test, server)
            writers.start()
        time.sleep(random.uniform(0, 0.5))
        victim = random.choice([pipe.capture, pipe.load])
        victim.kill()
        codes = pipe.wait()
        if any(code not in (0, 1, -9, -13) for code in codes):
            raise RuntimeError(f"{server.name}: {codes} after kill {number} ({event})\n{test.tail()}")
    writers.stop()
    codes = Pipe(test, server, target, state, "--exit-at-end").wait()
    if any(codes):
        raise RuntimeError(f"{server.name}: {codes} at the end\n{test.tail()}")
    seam.same(test, server, server.name, target)
    test.orders_hold(test.work / f"{server.name}.lines", "--appended")
    say(f"{server.name}: {KILLS} kills, the same rows")


def run(test):
    for name in SERVICES:
        one_server(test, mysql_types.Server(test, name))


if __name__ == "__main__":
    bed.main(Test, run)
