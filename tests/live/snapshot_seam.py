#!/usr/bin/env python3
"""The seam between snapshot and stream, under eight writers. Pain 9: nothing lost, nothing twice.

Each round takes the whole way of `{ cdc-snapshot --create && cdc-capture; } | cdc-load` into an
empty target while eight sessions insert, update (TOAST too), delete, change keys and truncate, and
ends with row-by-row parity (parity.py). The rounds, in turn:

    plain    nothing happens
    killed   the snapshot gets SIGKILL, twice, and the same line is run again
    vacuum   as killed, with VACUUM FULL of every table before it is run again
    beside   when the stream runs, some tables are read again at a position of their own
    gap      the slot is dropped, rows are deleted meanwhile, and a new snapshot repairs the target

CDC_TEST_SOAK=1: 20 rounds of each kind, else 3 rounds of plain and one of each other.
CDC_TEST_SEED repeats a run's choices; CDC_TEST_ROUNDS="plain killed" chooses rounds.
"""
import os
import random
import signal
import subprocess
import sys
import time

import bed as beds
from bed import lsn, say

KINDS = ["plain", "killed", "vacuum", "beside", "gap"]
ROUNDS = os.environ.get("CDC_TEST_ROUNDS", "").split() or (
    KINDS * 20 if beds.SOAK else ["plain"] * 2 + KINDS)
TABLES = ["mixed", "words", "pairs", "full_rows", "emptied", "parted"]

SCHEMA = """
CREATE TABLE mixed (id bigint PRIMARY KEY, n int NOT NULL, price numeric(12,2), note text,
                    ts timestamptz, b bytea);
ALTER TABLE mixed ALTER note SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
CREATE TABLE words (w text COLLATE "en-x-icu" PRIMARY KEY, n int);
CREATE TABLE pairs (a int, b text COLLATE "C", v text, PRIMARY KEY (b, a));
CREATE TABLE full_rows (a int, b text);
ALTER TABLE full_rows REPLICA IDENTITY FULL;
CREATE TABLE emptied (id int PRIMARY KEY, v text);
CREATE TABLE parted (id bigint PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (3000);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (3000) TO (1000000);
INSERT INTO mixed SELECT g, 0, g * 0.01, CASE WHEN g % 50 = 0 THEN repeat(md5(g::text), 150) ELSE 'short' END,
    now(), decode(md5(g::text), 'hex') FROM generate_series(1, 20000) g;
INSERT INTO words SELECT left(md5(g::text), 6) || CASE WHEN g % 2 = 0 THEN 'É' ELSE 'z' END, g
    FROM generate_series(1, 6000) g ON CONFLICT DO NOTHING;
INSERT INTO pairs SELECT g % 70, 'b' || g / 70, 'v' FROM generate_series(1, 7000) g;
INSERT INTO full_rows SELECT g % 10, 'row' FROM generate_series(1, 2000) g;
INSERT INTO emptied SELECT g, 'old' FROM generate_series(1, 3000) g;
INSERT INTO parted SELECT g, 'old' FROM generate_series(1, 6000) g;
ANALYZE;
CREATE FUNCTION mix() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k bigint := 1 + random() * 20000;
    op float := random();
BEGIN
    FOR i IN 1 .. 1 + (random() * 3)::int LOOP
        BEGIN
            IF op < 0.25 THEN
                INSERT INTO mixed VALUES (k + 10000, 0, 1.5, repeat(md5(random()::text), 150), clock_timestamp(),
                    decode(repeat(md5(random()::text), 100), 'hex')) ON CONFLICT DO NOTHING;
            ELSIF op < 0.45 THEN
                UPDATE mixed SET n = n + 1, ts = clock_timestamp() WHERE id BETWEEN k AND k + 3;
            ELSIF op < 0.52 THEN
                UPDATE mixed SET note = repeat(md5(random()::text), 170), price = NULL WHERE id = k;
            ELSIF op < 0.62 THEN
                UPDATE mixed SET id = 1 + (random() * 30000)::bigint WHERE id = k;
            ELSIF op < 0.70 THEN
                DELETE FROM mixed WHERE id = k;
            ELSIF op < 0.74 THEN
                UPDATE words SET w = left(md5(random()::text), 6) || 'é' WHERE w = (SELECT min(w) FROM words
                    WHERE w > left(md5(random()::text), 3));
            ELSIF op < 0.78 THEN
                INSERT INTO words VALUES (left(md5(random()::text), 5), 0) ON CONFLICT DO NOTHING;
                DELETE FROM words WHERE w = (SELECT min(w) FROM words WHERE w > left(md5(random()::text), 3));
            ELSIF op < 0.84 THEN
                UPDATE pairs SET a = (random() * 200)::int, v = v || '.' WHERE b = 'b' || (random() * 100)::int
                    AND a = k % 70;
            ELSIF op < 0.88 THEN
                INSERT INTO full_rows SELECT k % 10, 'row' FROM generate_series(1, 3);
            ELSIF op < 0.92 THEN
                UPDATE full_rows SET b = b || '+' WHERE ctid =
                    (SELECT ctid FROM full_rows WHERE length(b) < 9 ORDER BY random() LIMIT 1);
                DELETE FROM full_rows WHERE ctid = (SELECT ctid FROM full_rows ORDER BY random() LIMIT 1);
            ELSIF op < 0.921 THEN
                TRUNCATE emptied;
                INSERT INTO emptied SELECT g, 'after truncate' FROM generate_series(1, 500) g;
            ELSIF op < 0.96 THEN
                INSERT INTO emptied VALUES (5000 + k, md5(random()::text)) ON CONFLICT DO NOTHING;
            ELSE
                UPDATE parted SET id = (random() * 9000)::bigint, v = v || '-' WHERE id = k % 6000;
            END IF;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
        k := 1 + random() * 20000;
        op := random();
    END LOOP;
END $$;
"""


class Seam(beds.Bed):
    def __init__(self, work):
        self.load_process = None
        self.number = 0
        super().__init__(work, CDC_PG_CONF="synchronous_commit=off\nwal_sender_timeout=10s")
        self.front = self.target
        self.psql(SCHEMA)

    # ---------------------------------------------------------------- the writers
    def write(self, run):
        if run and self.load_process is None:
            script = self.work / "mix.sql"
            script.write_text("SELECT mix();\n")
            # VACUUM FULL and TRUNCATE may cost a writer its transaction: it goes on.
            self.load_process = subprocess.Popen(
                ["pgbench", "-n", "-c", "8", "-j", "2", "-T", "100000", "-R", "250", "--max-tries=100", "-f",
                 script, self.source],
                env=self.env, stdout=subprocess.DEVNULL, stderr=open(self.work / "pgbench.err", "ab"))
        elif not run and self.load_process is not None:
            if self.load_process.poll() is not None:
                raise RuntimeError("pgbench ended: " + (self.work / "pgbench.err").read_text()[-2000:])
            self.load_process.terminate()
            self.load_process.wait()
            self.load_process = None
            # A session that lost its client commits what it was at.
            while self.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'") != "0":
                time.sleep(0.05)

    # ---------------------------------------------------------------- the pipe
    def begin_round(self):
        self.number += 1
        self.name = f"seam_{self.number}"
        self.checkpoint = self.work / f"{self.name}.json"
        self.target = f"{self.front.rsplit('/', 1)[0]}/{self.name}"
        self.clickhouse(f"CREATE DATABASE {self.name}", self.front)
        self.errors = self.work / f"{self.name}.err"

    def start_pipe(self, rate=20000):
        """Snapshot and load; then_capture() follows when the snapshot has ended well."""
        read, self.write_end = os.pipe()
        self.loader = self.spawn(["cdc-load", "--target", self.target, "--checkpoint", self.checkpoint],
                                 stdin=read)
        os.close(read)
        self.snapshot = self.spawn(
            ["cdc-snapshot", "--source", self.source, "--slot", self.name, "--prefix", "seam", "--create",
             "--allow-no-identity", "--checkpoint", self.checkpoint, "--jobs", 3, "--chunk-rows", 900,
             "--chunk-by", random.choice(["auto", "key"]), "--max-rows-per-second", rate],
            stdout=self.write_end)

    def then_capture(self):
        if self.snapshot.wait(600 if beds.SOAK else 120) != 0:
            raise RuntimeError(f"cdc-snapshot ended with {self.snapshot.returncode}")
        if self.acknowledged().get("snapshot") != "done":
            raise RuntimeError(f"exit 0, but the checkpoint is {self.acknowledged()}")
        self.capture = self.spawn(
            ["cdc-capture", "--source", self.source, "--slot", self.name, "--prefix", "seam", "--checkpoint",
             self.checkpoint, "--heartbeat", "500ms"], stdout=subprocess.PIPE)
        self.lines = self.work / f"lines.{self.number}"
        self.spawn(["tee", "-i", self.lines], stdin=self.capture.stdout, stdout=self.write_end)
        self.capture.stdout.close()
        os.close(self.write_end)

    def acknowledged(self):
        return beds.acknowledged(self.checkpoint)

    def kill_snapshot(self):
        """True when it was still at work."""
        time.sleep(random.uniform(0.3, 2.5))
        alive = self.snapshot.poll() is None
        self.snapshot.kill()
        self.snapshot.wait()
        os.close(self.write_end)
        self.loader.wait(300)
        return alive

    def catch_up(self):
        self.write(False)
        position = lsn(self.psql("SELECT pg_current_wal_insert_lsn()")) # commits are asynchronous
        end = time.monotonic() + 300
        while lsn(self.acknowledged()["position"]) < position:
            if time.monotonic() > end or self.capture.poll() is not None or self.loader.poll() is not None:
                raise RuntimeError(f"not acknowledged: {self.acknowledged()}, wanted {position:x}, capture "
                                   f"{self.capture.poll()}, load {self.loader.poll()}")
            time.sleep(0.05)

    def stop_pipe(self):
        self.capture.send_signal(signal.SIGTERM)
        codes = [self.capture.wait(300), self.loader.wait(300)]
        if codes != [0, 0]:
            raise RuntimeError(f"not a clean end: {codes}")
        self.orders_hold(self.lines)

    def drop(self):
        self.spawn(["cdc-capture", "--source", self.source, "--slot", self.name, "--drop"]).wait(300)
        self.clickhouse(f"DROP DATABASE {self.name}", self.front)

    # ---------------------------------------------------------------- rounds
    def run_again_after_kills(self, between):
        hits = 0
        for _ in range(2):
            self.start_pipe(rate=8000)
            hits += self.kill_snapshot()
            between()
        self.start_pipe()
        self.then_capture()
        return f"{hits} kills in its midst"

    def vacuum(self):
        for table in TABLES:
            self.psql(f"VACUUM FULL {table}")

    def beside(self):
        self.start_pipe()
        self.then_capture()
        time.sleep(random.uniform(0, 1))
        read, write_end = os.pipe()
        loader = self.spawn(["cdc-load", "--target", self.target], stdin=read)
        os.close(read)
        tables = random.sample(TABLES, 3)
        words = [word for table in tables for word in ("--tables", f"public.{table}")]
        snapshot = self.spawn(["cdc-snapshot", "--source", self.source, "--publication", self.name, "--prefix",
                               "seam", "--jobs", 2, "--chunk-rows", 900, "--chunk-by",
                               random.choice(["key", "ctid"]), *words], stdout=write_end)
        os.close(write_end)
        codes = [snapshot.wait(300), loader.wait(300)]
        if codes != [0, 0]:
            raise RuntimeError(f"beside the stream: {codes}")
        if self.capture.poll() is not None:
            raise RuntimeError("the stream ended")
        return " ".join(tables)

    def gap(self):
        self.start_pipe()
        self.then_capture()
        self.catch_up()
        self.stop_pipe()
        self.spawn(["cdc-capture", "--source", self.source, "--slot", self.name, "--drop"]).wait(300)
        self.write(True)
        deleted = self.psql("WITH gone AS (DELETE FROM mixed WHERE id % 7 = 3 RETURNING 1) SELECT count(*) FROM gone")
        self.psql("DELETE FROM full_rows WHERE a = 5; DELETE FROM pairs WHERE a = 7; DELETE FROM words WHERE n % 5 = 1")
        self.checkpoint.unlink()
        self.start_pipe()
        self.then_capture()
        return f"{deleted} rows deleted without a slot"

    def round(self, kind):
        self.begin_round()
        self.write(True)
        time.sleep(random.uniform(0.2, 1))
        note = ""
        if kind == "plain":
            self.start_pipe()
            self.then_capture()
        elif kind == "killed":
            note = self.run_again_after_kills(lambda: None)
        elif kind == "vacuum":
            note = self.run_again_after_kills(self.vacuum)
        elif kind == "beside":
            note = self.beside()
        elif kind == "gap":
            note = self.gap()
        time.sleep(random.uniform(0, 1))
        self.catch_up()
        self.stop_pipe()
        self.parity(TABLES)
        say(f"round {self.number}: {kind}: the same rows{', ' + note if note else ''}")
        self.drop()
        self.psql("""INSERT INTO mixed SELECT g, 0, 0, 'new', now(), 'new' FROM generate_series(1, 20000) g
                     ON CONFLICT DO NOTHING; INSERT INTO full_rows SELECT g % 10, 'row' FROM generate_series(1, 500) g;
                     INSERT INTO words SELECT left(md5(g::text), 6), g FROM generate_series(1, 3000) g
                     ON CONFLICT DO NOTHING;
                     DELETE FROM mixed WHERE id > 20000 AND id % 2 = 0; ANALYZE""")

    def stop(self):
        if self.load_process is not None and self.load_process.poll() is None:
            self.load_process.kill()
            self.load_process.wait()
        super().stop()


def run(seam):
    say(f"{len(ROUNDS)} rounds")
    for kind in ROUNDS:
        seam.round(kind)


beds.main(Seam, run)
