#!/usr/bin/env python3
"""A stream of MySQL and MariaDB goes on by global transaction ids at a replica, and at the first server again.

A has a replica B. Writers change A while cdc-capture | cdc-load runs and is killed; B takes over with a part of
A's changes not captured yet, is written to, and is captured with the same checkpoint file, killed too; then A
comes back as a replica of B and takes over in the same way. Each time the epoch of the orders rises and source
and target have the same rows. Pain 34.

CDC_TEST_SOAK=1: 10 kills at each server, else 2. CDC_TEST_MYSQL_SERVICES: by default "mysql mariadb".
"""
import os
import random
import time

import bed
import kill_mysql as kill
import mysql_types
import snapshot_seam_mysql as seam
from bed import BIN, say

KILLS = 10 if bed.SOAK else 2
SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()
FAST = "sync_binlog=0\ninnodb_flush_log_at_trx_commit=0\n"


def settings(number):
    return {"CDC_MYSQL_CONF": f"{FAST}server-id={number}\nloose-skip-replica-start=ON",
            "CDC_MARIADB_CONF": f"{FAST}server-id={number}\nlog-slave-updates=ON\ngtid-domain-id=0\nskip-slave-start=ON"}


class Test(bed.Bed):
    def __init__(self, work):
        self.other = None
        super().__init__(work, ["clickhouse", *SERVICES], **settings(1))
        (work / "other").mkdir()
        self.other = bed.Bed(work / "other", SERVICES, **settings(2))

    def stop(self):
        if self.other:
            self.other.stop()
        super().stop()


def follow(replica, primary, use="current_pos"):
    """`replica` reads what `primary` has from now on."""
    if replica.mariadb:
        replica.sql(f"STOP SLAVE; CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='root',"
                    f"MASTER_USE_GTID={use}; START SLAVE", db=None)
    else:
        replica.sql(f"STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={primary.port},"
                    "SOURCE_USER='root', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1; START REPLICA", db=None)


def catch_up(replica, primary):
    if replica.mariadb:
        ids = primary.sql("SELECT @@gtid_binlog_pos", db=None)[0][0]
        done = replica.sql(f"SELECT MASTER_GTID_WAIT('{ids}', 300)", db=None)[0][0]
    else:
        ids = primary.sql("SELECT REPLACE(@@gtid_executed, '\\n', '')", db=None)[0][0]
        done = replica.sql(f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{ids}', 300)", db=None)[0][0]
    if done != "0":
        raise RuntimeError(f"{replica.name}: the replica did not catch up: {replica.sql('SHOW SLAVE STATUS', db=None)}")


def lead(test, server, replica, state, target):
    """Writers and a pipe that is killed; at the end `replica` has all of it, and the checkpoint only a part."""
    writers = kill.Writers(server)
    for _ in range(KILLS):
        pipe = kill.Pipe(test, server, target, state)
        time.sleep(random.uniform(0.5, 2))
        random.choice([pipe.capture, pipe.load]).kill()
        codes = pipe.wait()
        if any(code not in (0, 1, -9, -13) for code in codes):
            raise RuntimeError(f"{server.name}: {codes}\n{test.tail()}")
    time.sleep(0.5) # what is written now is read from the other server
    writers.stop()
    if replica is not None:
        catch_up(replica, server)


def to_the_end(test, server, state, target, epochs):
    codes = kill.Pipe(test, server, target, state, "--exit-at-end").wait()
    if any(codes):
        raise RuntimeError(f"{server.name}: {codes} at the end\n{test.tail()}")
    seam.same(test, server, server.name, target)
    epochs.append(int(bed.acknowledged(state)["order"][:4], 16))


def one_kind(test, name):
    a, b = mysql_types.Server(test, name), mysql_types.Server(test.other, name)
    follow(b, a, "slave_pos")
    a.sql(seam.SCHEMA, db=None)
    test.clickhouse(f"CREATE DATABASE {name}")
    target = f"{test.target.rsplit('/', 1)[0]}/{name}"
    state = test.work / f"{name}.json"
    read = [BIN / "cdc-snapshot", "--source", f"{a.url}/seam", "--exclude", "digits", "--checkpoint", state]
    if codes := [code for code in seam.pipe(test, read, target, state, False) if code]:
        raise RuntimeError(f"{name}: the snapshot ended with {codes}\n{test.tail()}")
    epochs = []
    lead(test, a, b, state, target)
    b.sql("STOP SLAVE" if b.mariadb else "STOP REPLICA", db=None)
    follow(a, b)
    lead(test, b, a, state, target)
    to_the_end(test, b, state, target, epochs)
    lead(test, b, a, state, target)
    a.sql("STOP SLAVE" if a.mariadb else "STOP REPLICA", db=None)
    lead(test, a, None, state, target)
    to_the_end(test, a, state, target, epochs)
    if not 0 < epochs[0] < epochs[1]:
        raise RuntimeError(f"{name}: epochs {epochs}")
    test.orders_hold(test.work / f"{name}.lines", "--appended")
    say(f"{name}: to the replica and back with {4 * KILLS} kills, epochs {epochs}, the same rows")


def run(test):
    for name in SERVICES:
        one_kind(test, name)


if __name__ == "__main__":
    bed.main(Test, run)
