#!/usr/bin/env python3
"""The pipe through Kafka under load, its parts killed at random: nothing lost, nothing doubled.

    cdc-capture | cdc-publish          one or two of  cdc-consume | cdc-load  in a group

PostgreSQL runs pgbench and the mixed load of kill_pipe.py (TOAST, key changes, truncates, tables
without key). Capture, publish, consume and load get SIGKILL, the broker is killed and started; with
three brokers (kafka_kill3.py) the leader of a partition. Meanwhile the group grows to two pipes and
shrinks to one, by SIGTERM. At the end all tables are the same row by row (parity.py).

A kill counts only if lines were unacknowledged at that moment; fewer than two thirds fail the test.
CDC_TEST_SOAK=1: 30 kills, else 5. CDC_TEST_SEED repeats a run's choices. Pain 44: a rebalance.
"""
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import bed as beds
import kill_pipe
from bed import BIN, lsn, say

PARTITIONS = 4
VICTIMS = ["capture", "publish", "consume", "load", "broker"]


def leader(bed, cluster, topic):
    """The service that leads a partition of the topic."""
    listing = subprocess.run(["kcat", "-b", bed.brokers, "-L", "-t", topic], env=bed.env, capture_output=True, text=True,
                             check=True).stdout
    return f"{cluster}-{random.choice(re.findall('leader ([0-9]+)', listing))}"


class Half:
    """One of our tools, a copy of its lines, and the tool that makes them durable."""

    def __init__(self, bed, name, source, sink, checkpoint):
        self.name, self.checkpoint = name, checkpoint
        bed.run_number += 1
        self.lines = bed.work / f"lines.{bed.run_number}"
        self.lines.touch() # it is looked at before tee may have come so far
        words = ["--checkpoint", checkpoint]
        first = bed.spawn([*source, *words], stdout=subprocess.PIPE)
        tee = bed.spawn(["tee", "-i", self.lines], stdin=first.stdout, stdout=subprocess.PIPE)
        last = bed.spawn([*sink, *words], stdin=tee.stdout)
        first.stdout.close()
        tee.stdout.close()
        self.stages = [first, tee, last]

    def ended(self):
        return any(stage.poll() is not None for stage in self.stages)

    def wait(self, bed, seconds):
        end = time.monotonic() + seconds
        for stage in self.stages:
            stage.wait(max(0.1, end - time.monotonic()))
        bed.orders_hold(self.lines)
        self.lines.unlink()
        codes = [stage.returncode for stage in self.stages]
        if any(code in (2, 3, 4, 5) for code in codes):
            raise RuntimeError(f"a stage of {self.name} gave up for good: {codes}\n{bed.tail()}")
        return codes

    def unacknowledged(self):
        """Change lines behind the checkpoint line that the file holds."""
        lines = self.lines.read_bytes()
        acknowledged = self.checkpoint.read_bytes() if self.checkpoint.exists() else b""
        at = max(lines.rfind(acknowledged), 0) if acknowledged else 0
        return lines.count(b'\n{"key"', at)


class KafkaPipe(kill_pipe.Pipe):
    kafka = "kafka"

    def __init__(self, work):
        self.checkpoint = work / "publish.json"
        self.failure = None
        self.stop_load = threading.Event()
        self.stop_monitor = threading.Event()
        self.run_number = 0
        self.members = {}
        self.published = None
        beds.Bed.__init__(self, work, ("postgres", "clickhouse", self.kafka),
                          CDC_SERVICES_WAIT="180") # a broker that recovers on a busy machine
        self.brokers = self.urls[f"CDC_TEST_{self.kafka.upper()}_BROKERS"]

    def start_publishing(self):
        self.published = Half(
            self, "publish",
            ["cdc-capture", "--source", self.source, "--slot", "kills", "--prefix", "kills"],
            ["cdc-publish", "--brokers", self.brokers, "--prefix", "kills", "--partitions",
             PARTITIONS, "--compression", "lz4"], self.checkpoint)

    def start_member(self, name, *more):
        self.members[name] = Half(
            self, name,
            ["cdc-consume", "--brokers", self.brokers, "--group", "kills", "--topics",
             "^kills[.]public[.]", "--allow-no-match", "--checkpoint-interval", "200ms", "-X", "session.timeout.ms=6000",
             "-X", "heartbeat.interval.ms=1000", "-X", "topic.metadata.refresh.interval.ms=1000",
             *more],
            ["cdc-load", "--target", self.target, "--flush-interval", "300ms"],
            self.work / f"{name}.json")

    def stop_member(self, name):
        """Clean: all that was read is stored and committed."""
        member = self.members.pop(name)
        for stage in (member.stages[0], member.stages[2]):
            stage.send_signal(signal.SIGTERM)
        codes = member.wait(self, 300)
        if codes != [0, 0, 0]:
            raise RuntimeError(f"{name} did not end cleanly: {codes}\n{self.tail()}")

    def grow_or_shrink(self):
        if len(self.members) < 2:
            self.start_member("two" if "one" in self.members else "one")
        else:
            self.stop_member(random.choice(sorted(self.members)))
        say(f"the group now has {len(self.members)}")

    def revive(self):
        """Starts again what ended, as a supervisor would."""
        if self.published and self.published.ended():
            self.tell("capture and publish", self.published)
            self.start_publishing()
        for name, member in list(self.members.items()):
            if member.ended():
                self.tell(f"consume and load {name}", member)
                self.start_member(name)

    def tell(self, what, half):
        codes = half.wait(self, 300)
        words = "" if -9 in codes else re.findall(r".* error: .*", self.tail())[-2:]
        say(f"{what} ended: {codes} {words}")

    def kill(self, victim):
        # A group that lost its broker, or a member, reads nothing for some seconds.
        end = time.monotonic() + 30
        while True:
            half = self.members[random.choice(sorted(self.members))]
            if victim in ("capture", "publish"):
                half = self.published
            elif victim in ("broker", "leader"):
                half = random.choice([half, self.published])
            if (waiting := half.unacknowledged()) or time.monotonic() > end:
                break
            time.sleep(0.02)
            self.revive()
        if victim == "broker":
            self.kill_service(self.kafka)
        elif victim == "leader":
            victim = leader(self, self.kafka, "kills.public.mixed")
            self.services("kill", victim)
            time.sleep(random.uniform(1, 8)) # the session of a dead broker lasts 6 s
            self.services("start", victim)
        else:
            stage = half.stages[0 if victim in ("capture", "consume") else 2]
            stage.send_signal(signal.SIGKILL)
            stage.wait()
        say(f"killed {victim}, {waiting} lines of {half.name} unacknowledged")
        return waiting > 0


def create_topics(bed):
    """Every table once through Kafka, so that the pattern finds all topics from the start."""
    bed.psql("INSERT INTO mixed VALUES (0, 0); INSERT INTO full_rows VALUES (0, '');"
             "INSERT INTO emptied VALUES (0); INSERT INTO ticks VALUES (0, '0/0')")


def wait_published(bed, position, seconds):
    end = time.monotonic() + seconds
    while lsn(bed.acknowledged()["position"]) < position:
        if time.monotonic() > end:
            raise RuntimeError(f"not published in time: {bed.acknowledged()}\n{bed.tail()}")
        bed.revive()
        time.sleep(0.1)


def run(bed, victims=None, kills=None):
    victims = victims or VICTIMS
    kills = int(os.environ.get("CDC_TEST_KILLS", kills or (30 if beds.SOAK else 5)))
    say(f"{kills} kills of {', '.join(victims)}")
    bed.psql(kill_pipe.SCHEMA)
    subprocess.run(["pgbench", "-i", "-I", "dtp", bed.source], env=bed.env, check=True,
                   capture_output=True)
    subprocess.run([BIN / "cdc-capture", "--source", bed.source, "--slot", "kills", "--prefix",
                    "kills", "--create", "--exit-after-create", "--allow-no-identity"], env=bed.env,
                   check=True)
    bed.start_publishing()
    create_topics(bed)
    subprocess.run(["pgbench", "-i", "-I", "g", bed.source], env=bed.env, check=True,
                   capture_output=True)
    threads = [threading.Thread(target=f, daemon=True) for f in (bed.load_forever, bed.tick_forever)]
    for thread in threads:
        thread.start()
    bed.start_member("one")

    plan = [victims[i % len(victims)] for i in range(kills)]
    random.shuffle(plan)
    counted = 0
    for number, victim in enumerate(plan, 1):
        time.sleep(random.uniform(0.5, 3))
        bed.revive()
        if random.random() < 0.5 or number in (2, 4):
            bed.grow_or_shrink()
            time.sleep(random.uniform(0, 3))
        counted += bed.kill(victim)
        bed.revive()
    if counted * 3 < kills * 2:
        raise RuntimeError(f"only {counted} of {kills} kills hit unacknowledged lines")

    bed.stop_load.set()
    for thread in threads:
        thread.join()
    wait_published(bed, lsn(bed.psql("SELECT pg_current_wal_flush_lsn()")), 120)
    for stage in (bed.published.stages[0], bed.published.stages[2]):
        stage.send_signal(signal.SIGTERM)
    if (codes := bed.published.wait(bed, 300)) != [0, 0, 0]:
        raise RuntimeError(f"not a clean end of publishing: {codes}\n{bed.tail()}")
    bed.published = None
    bed.revive()
    for name in list(bed.members):
        bed.stop_member(name)
    bed.start_member("last", "--exit-at-end")
    if (codes := bed.members.pop("last").wait(bed, 300)) != [0, 0, 0]:
        raise RuntimeError(f"not a clean end of the last reader: {codes}\n{bed.tail()}")
    say(bed.parity(kill_pipe.TABLES))
    say(f"{kills} kills, {counted} of them with lines unacknowledged")


if __name__ == "__main__":
    beds.main(KafkaPipe, run)
