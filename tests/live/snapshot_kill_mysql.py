#!/usr/bin/env python3
"""cdc-snapshot | cdc-load of MySQL and MariaDB under writers and SIGKILL.

The line is started again and again, and snapshot or load is killed at a random moment, while writers change a
table with a key, one with a key of two columns and one without key. When a run comes to its end, the stream
goes on to the end of the log: source and target have the same rows. Then all begins anew in another target,
until there were enough kills. A kill counts where the snapshot was not over. Two in three wait until the run has
acknowledged something, so that the next one goes on from there.

CDC_TEST_SOAK=1: 30 kills, else 3. CDC_TEST_MYSQL_SERVICES: by default "mysql mariadb".
"""
import json
import os
import random
import subprocess
import time

import bed
import mysql_types
import snapshot_seam_mysql as seam
from bed import BIN, say
from kill_mysql import Writers

KILLS = 30 if bed.SOAK else 3
SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work, ["clickhouse", *SERVICES])


def progress(state):
    """Tables that are read, whole or in part, by the acknowledged checkpoint; "done" at the end."""
    try:
        snapshot = json.loads(state.read_text().splitlines()[-1])["checkpoint"]["snapshot"]
    except (FileNotFoundError, IndexError):
        return []
    return snapshot if snapshot == "done" else snapshot["tables"]


class Generation:
    """One target, filled from nothing."""

    def __init__(self, test, server, number):
        self.test, self.server = test, server
        self.database = f"{server.name}{number}"
        test.clickhouse(f"CREATE DATABASE {self.database}")
        self.target = f"{test.target.rsplit('/', 1)[0]}/{self.database}"
        self.state = test.work / f"{self.database}.json"

    def start(self, jobs, rate):
        source = self.test.spawn([BIN / "cdc-snapshot", "--source", f"{self.server.url}/seam", "--exclude", "digits",
                                  "--checkpoint", self.state, "--jobs", str(jobs), "--chunk-rows", "500",
                                  "--max-rows-per-second", str(rate)], stdout=subprocess.PIPE)
        loader = self.test.spawn([BIN / "cdc-load", "--target", self.target, "--checkpoint", self.state,
                                  "--flush-interval", "500ms"], stdin=source.stdout)
        source.stdout.close()
        return source, loader

    def kill(self, late):
        """False: the run came to its end. `late`: not before it has acknowledged something."""
        before = progress(self.state)
        pipe = self.start(random.randrange(1, 4), 4000)
        end = time.monotonic() + 20
        while late and progress(self.state) == before and time.monotonic() < end:
            time.sleep(0.005)
        if not late or random.random() < 0.3: # at once: what was just said to be read has to be there
            time.sleep(random.uniform(0, 0.8))
        for process in random.sample(pipe, random.choice([1, 1, 2])):
            process.kill()
        codes = [process.wait(300) for process in pipe]
        if any(code not in (0, 1, -9, -13) for code in codes):
            raise RuntimeError(f"{self.server.name}: {codes}\n{self.test.tail()}")
        return progress(self.state) != "done"

    def finish(self, writers):
        codes = [process.wait(300) for process in self.start(2, 0)]
        if any(codes):
            raise RuntimeError(f"{self.server.name}: the snapshot ended with {codes}\n{self.test.tail()}")
        writers.stop()
        stream = [BIN / "cdc-capture", "--source", f"{self.server.url}/seam", "--exclude", "digits", "--checkpoint",
                  self.state, "--exit-at-end"]
        if codes := [code for code in seam.pipe(self.test, stream, self.target, self.state, False) if code]:
            raise RuntimeError(f"{self.server.name}: the stream ended with {codes}\n{self.test.tail()}")
        seam.same(self.test, self.server, self.database, self.target)


def one_server(test, server):
    server.sql(seam.SCHEMA, db=None)
    kills = resumed = number = 0
    while kills < KILLS:
        generation = Generation(test, server, number)
        writers = Writers(server)
        for _ in range(min(KILLS - kills, 6)):
            if not generation.kill(kills % 3 > 0):
                break
            kills += 1
            resumed += bool(progress(generation.state))
        generation.finish(writers)
        number += 1
    say(f"{server.name}: {kills} kills in {number} targets, {resumed} with something read, the same rows")
    if resumed * 2 < kills:
        raise RuntimeError(f"{server.name}: only {resumed} of {kills} runs went on from something")


def run(test):
    for name in SERVICES:
        one_server(test, mysql_types.Server(test, name))


if __name__ == "__main__":
    bed.main(Test, run)
