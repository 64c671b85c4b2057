#!/usr/bin/env python3
"""cdc-capture | cdc-load under load, its parts killed at random: nothing lost, nothing doubled.

PostgreSQL runs pgbench and a mixed load (TOAST, key changes, truncates, a table without key). In
between capture and load get SIGKILL, PostgreSQL and the ClickHouse front are killed and started.
Every 100 ms the slot's confirmed position is held against the rows the target shows. At the end all
tables are the same row by row (parity.py).

A kill counts only if lines were unacknowledged at that moment; fewer than two thirds fail the test.
Pain 38: nothing is confirmed that is not durable. Pain 40: a transaction that was cut is read whole.

CDC_TEST_SOAK=1: 30 kills, else 6. CDC_TEST_SEED repeats a run's choices.
"""
import os
import random
import signal
import subprocess
import sys
import threading
import time

import bed as beds
from bed import BIN, lsn, say

TABLES = ["pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history", "mixed",
          "full_rows", "emptied", "ticks"]

SCHEMA = """
CREATE TABLE mixed (id bigint PRIMARY KEY, n int NOT NULL, price numeric(12,2), note text,
                    ts timestamptz, b bytea, flag boolean, u uuid);
ALTER TABLE mixed ALTER note SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
CREATE TABLE full_rows (a int, b text);
ALTER TABLE full_rows REPLICA IDENTITY FULL;
CREATE TABLE emptied (id int PRIMARY KEY, v text);
CREATE TABLE ticks (id bigint PRIMARY KEY, after pg_lsn);
CREATE FUNCTION mix() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k bigint := 1 + random() * 800;
    op float := random();
BEGIN
    FOR i IN 1 .. 1 + (random() * 4)::int LOOP
        BEGIN
            IF op < 0.35 THEN
                INSERT INTO mixed VALUES (k, 0, round((random() * 1e6)::numeric, 2),
                    repeat(md5(random()::text), 150 + (random() * 60)::int), clock_timestamp(),
                    decode(repeat(md5(random()::text), 100), 'hex'), random() < 0.5, gen_random_uuid())
                ON CONFLICT DO NOTHING;
            ELSIF op < 0.60 THEN
                UPDATE mixed SET n = n + 1, ts = clock_timestamp() WHERE id BETWEEN k AND k + 3;
            ELSIF op < 0.70 THEN
                UPDATE mixed SET note = repeat(md5(random()::text), 170), price = NULL WHERE id = k;
            ELSIF op < 0.80 THEN
                UPDATE mixed SET id = 1 + (random() * 800)::bigint WHERE id = k;
            ELSIF op < 0.87 THEN
                DELETE FROM mixed WHERE id = k;
            ELSIF op < 0.92 THEN
                INSERT INTO full_rows SELECT k % 10, 'row' FROM generate_series(1, 3);
            ELSIF op < 0.95 THEN
                UPDATE full_rows SET b = b || '+' WHERE ctid =
                    (SELECT ctid FROM full_rows WHERE length(b) < 9 ORDER BY random() LIMIT 1);
                DELETE FROM full_rows WHERE ctid = (SELECT ctid FROM full_rows ORDER BY random() LIMIT 1);
            ELSIF op < 0.96 THEN
                TRUNCATE emptied;
                INSERT INTO emptied SELECT g, 'after truncate' FROM generate_series(1, 5) g;
            ELSE
                INSERT INTO emptied VALUES (6 + k, md5(random()::text)) ON CONFLICT DO NOTHING;
            END IF;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
        k := 1 + random() * 800;
        op := random();
    END LOOP;
END $$;
"""


class Pipe(beds.Bed):
    """The servers, the pipe and the load. What derives from it may add to these."""
    schema = SCHEMA
    load_options = []
    drain_seconds = 300

    def writers(self):
        """Functions that write until stop_load is set."""
        return [self.load_forever, self.tick_forever]

    def compare(self):
        say(self.parity(TABLES))

    def __init__(self, work):
        self.checkpoint = work / "state.json"
        self.failure = None
        self.stop_load = threading.Event()
        self.stop_monitor = threading.Event()
        self.stages = []
        self.run_number = 0
        self.looks = 0
        super().__init__(work)

    # ---------------------------------------------------------------- the pipe
    def start_pipe(self):
        self.run_number += 1
        lines = self.work / f"lines.{self.run_number}"
        lines.touch() # it is looked at before tee may have come so far
        capture = self.spawn(["cdc-capture", "--source", self.source, "--slot", "kills", "--prefix",
                              "kills", "--checkpoint", self.checkpoint], stdout=subprocess.PIPE)
        tee = self.spawn(["tee", "-i", lines], stdin=capture.stdout, stdout=subprocess.PIPE)
        load = self.spawn(["cdc-load", "--target", self.target, "--checkpoint", self.checkpoint,
                           *self.load_options], stdin=tee.stdout)
        capture.stdout.close()
        tee.stdout.close()
        self.stages = [capture, tee, load]

    def wait_pipe(self, seconds):
        end = time.monotonic() + seconds
        for stage in self.stages:
            stage.wait(max(0.1, end - time.monotonic()))
        self.orders_hold(self.work / f"lines.{self.run_number}")
        codes = [stage.returncode for stage in self.stages]
        if any(code in (2, 3, 4, 5) for code in codes):
            raise RuntimeError(f"a stage gave up for good: {codes}\n{self.tail()}")
        return codes

    def acknowledged(self):
        return beds.acknowledged(self.checkpoint)

    def unacknowledged(self):
        """Change lines that left capture and lie above the checkpoint file's order."""
        below = self.acknowledged()["order"]
        count = 0
        with open(self.work / f"lines.{self.run_number}", "rb") as lines:
            for line in lines:
                at = line.find(b'"order":"')
                if line.startswith(b'{"key"') and line[at + 9:at + 41].decode() > below:
                    count += 1
        return count

    # ---------------------------------------------------------------- the load
    def load_forever(self):
        script = self.work / "mix.sql"
        script.write_text("SELECT mix();\n")
        while not self.stop_load.is_set():
            subprocess.run(["pgbench", "-n", "-c", "3", "-T", "3", "-R", "250",
                            "-f", f"{script}@3", "-b", "tpcb-like@1", self.source],
                           env=self.env, capture_output=True, check=False)
            time.sleep(0.1)

    def tick_forever(self):
        """Row n is written after row n - 1 was committed, and says from which LSN on that is so."""
        number = None
        while not self.stop_load.is_set():
            if number is None:
                found = self.psql("SELECT coalesce(max(id), 0) FROM ticks", check=False)
                number = int(found) + 1 if found else None
            elif self.psql(f"INSERT INTO ticks VALUES ({number}, pg_current_wal_insert_lsn())",
                           check=False) is None:
                number = None
            else:
                number += 1
            time.sleep(0.03)

    def monitor(self):
        while not self.stop_monitor.is_set():
            time.sleep(0.1)
            found = self.psql("""SELECT coalesce(max(t.id) - 1, 0) FROM ticks t, pg_replication_slots s
                                 WHERE s.slot_name = 'kills' AND t.after <= s.confirmed_flush_lsn""",
                              check=False)
            if not found:
                continue
            try:
                got = self.clickhouse(f"SELECT count() FROM ticks WHERE id <= {found}")
            except OSError:
                continue # the front is down, or the table is not made yet
            self.looks += 1
            if int(got) != int(found):
                self.failure = f"the slot is confirmed beyond tick {found}, the target holds {got}"
                return

    # ---------------------------------------------------------------- kills
    def kill(self, victim):
        if victim in ("postgres", "clickhouse"):
            self.kill_service(victim)
            return
        for name, stage in (("capture", self.stages[0]), ("load", self.stages[2])):
            if name in victim:
                stage.send_signal(signal.SIGKILL)
        self.wait_pipe(300)
        self.start_pipe()

    def wait_acknowledged(self, position, seconds):
        end = time.monotonic() + seconds
        while lsn(self.acknowledged()["position"]) < position:
            if time.monotonic() > end:
                raise RuntimeError(f"not acknowledged in time: {self.acknowledged()}\n{self.tail()}")
            if any(stage.poll() is not None for stage in self.stages):
                self.wait_pipe(300)
                self.start_pipe()
            time.sleep(0.1)


    def stop(self):
        self.stop_load.set()
        self.stop_monitor.set()
        super().stop()


def run(bed, kills=6):
    kills = int(os.environ.get("CDC_TEST_KILLS", "30" if beds.SOAK else kills))
    say(f"{kills} kills")
    bed.psql(bed.schema)
    subprocess.run(["pgbench", "-i", "-I", "dtp", bed.source], env=bed.env, check=True,
                   capture_output=True)
    subprocess.run([BIN / "cdc-capture", "--source", bed.source, "--slot", "kills", "--prefix",
                    "kills", "--create", "--exit-after-create", "--allow-no-identity"], env=bed.env, check=True)
    bed.start_pipe()
    subprocess.run(["pgbench", "-i", "-I", "g", bed.source], env=bed.env, check=True,
                   capture_output=True)
    threads = [threading.Thread(target=f, daemon=True)
               for f in (*bed.writers(), bed.monitor)]
    for thread in threads:
        thread.start()

    victims = ["capture", "load", "postgres", "clickhouse", "capture+load"]
    plan = [victims[i % len(victims)] for i in range(kills)]
    random.shuffle(plan)
    counted = 0
    for number, victim in enumerate(plan, 1):
        time.sleep(random.uniform(0.5, 3))
        end = time.monotonic() + 10
        while not (waiting := bed.unacknowledged()) and time.monotonic() < end:
            time.sleep(0.02)
        counted += waiting > 0
        say(f"kill {number}: {victim}, {waiting} lines unacknowledged")
        bed.kill(victim)
        if bed.failure:
            raise RuntimeError(bed.failure)
        if any(stage.poll() is not None for stage in bed.stages):
            codes = bed.wait_pipe(300)
            say(f"the pipe ended by itself: {codes}")
            bed.start_pipe()
    if counted * 3 < kills * 2:
        raise RuntimeError(f"only {counted} of {kills} kills hit unacknowledged lines")

    bed.stop_load.set()
    for thread in threads[:-1]:
        thread.join()
    bed.wait_acknowledged(lsn(bed.psql("SELECT pg_current_wal_flush_lsn()")), bed.drain_seconds)
    bed.stop_monitor.set()
    threads[-1].join()
    if bed.failure:
        raise RuntimeError(bed.failure)
    for stage in (bed.stages[0], bed.stages[2]):
        stage.send_signal(signal.SIGTERM)
    codes = bed.wait_pipe(300)
    if codes != [0, 0, 0]:
        raise RuntimeError(f"not a clean end: {codes}\n{bed.tail()}")
    confirmed = bed.psql("SELECT confirmed_flush_lsn FROM pg_replication_slots")
    if lsn(confirmed) != lsn(bed.acknowledged()["position"]):
        raise RuntimeError(f"confirmed {confirmed}, acknowledged {bed.acknowledged()}")
    bed.compare()
    say(f"{kills} kills, {counted} of them with lines unacknowledged; the slot was looked at "
        f"{bed.looks} times and never ahead of the target")


if __name__ == "__main__":
    beds.main(Pipe, run)
