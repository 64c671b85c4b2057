#!/usr/bin/env python3
"""cdc-snapshot | cdc-load --rebuild beside a running pipe, readers and writers at work.

Two tables, with key and without, are filled anew while a pipe streams writes of three sessions into the
same target; readers ask the views all the time. They must never see fewer, or more, of the rows that
nobody touches. Then the loader of a rebuild gets SIGKILL at random times, and the same line is run
again until it is done. Then the key changes, a type is narrowed and a column dropped in mid-stream, beside a
reader: the stream makes the table anew under the new key with all its rows, marked as stale, and goes on; a
rebuild beside it leaves the column out and clears the mark. Source and target are the same row by row (parity.py).

CDC_TEST_SOAK=1: 10 rebuilds and 30 kills, else 2 and 5. CDC_TEST_SEED repeats a run's choices.
"""
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time

import bed as beds
from bed import lsn, say

REBUILDS, KILLS = (10, 30) if beds.SOAK else (2, 5)
ROWS = int(os.environ.get("CDC_TEST_ROWS", "100000" if beds.SOAK else "20000"))
TABLES = ["mixed", "log"]
SCHEMA = f"""
CREATE TABLE mixed (id bigint PRIMARY KEY, n bigint NOT NULL, note text, price numeric(12,2));
ALTER TABLE mixed ALTER note SET STORAGE EXTERNAL;
CREATE TABLE log (a int, b text);
ALTER TABLE log REPLICA IDENTITY FULL;
INSERT INTO mixed SELECT g, 0, CASE WHEN g % 50 = 0 THEN repeat(md5(g::text), 150) ELSE 'short' END, g * 0.01
    FROM generate_series(1, {ROWS}) g;
INSERT INTO log SELECT -(g % 100) - 1, 'base' FROM generate_series(1, {ROWS // 4}) g;
ANALYZE;
CREATE FUNCTION mix() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k bigint := 1 + random() * {ROWS - 5};
    op float := random();
BEGIN
    IF op < 0.4 THEN
        UPDATE mixed SET n = n + 1 WHERE id BETWEEN k AND k + 3;
    ELSIF op < 0.5 THEN
        UPDATE mixed SET note = repeat(md5(random()::text), 170) WHERE id = k;
    ELSIF op < 0.7 THEN
        INSERT INTO mixed VALUES ({ROWS} + k, 0, 'more', 1) ON CONFLICT DO NOTHING;
    ELSIF op < 0.75 THEN
        UPDATE mixed SET id = id + {ROWS} WHERE id = (SELECT min(id) FROM mixed WHERE id > {ROWS} + k)
            AND NOT EXISTS (SELECT FROM mixed WHERE id = {2 * ROWS} + k);
    ELSIF op < 0.8 THEN
        DELETE FROM mixed WHERE id = (SELECT min(id) FROM mixed WHERE id > {ROWS} + k);
    ELSIF op < 0.95 THEN
        INSERT INTO log SELECT 1 + k % 10, 'more' FROM generate_series(1, 3);
    ELSE
        UPDATE log SET b = b || '+' WHERE ctid = (SELECT ctid FROM log WHERE a > 0 AND length(b) < 9 LIMIT 1);
        DELETE FROM log WHERE ctid = (SELECT ctid FROM log WHERE a > 0 LIMIT 1);
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;
END $$;
"""


class Rebuild(beds.Bed):
    def __init__(self, work):
        self.stop_writing = threading.Event()
        self.stop_reading = threading.Event()
        self.failure = None
        self.looks = 0
        self.dips = []
        self.lines = []
        super().__init__(work)

    def line(self, text):
        """A shell line in a process group of its own."""
        with open(self.errors, "ab") as errors:
            process = subprocess.Popen(["bash", "-c", f"set -o pipefail; trap : TERM; {text}"], env=self.env,
                                       stderr=errors, stdin=subprocess.DEVNULL,
                                       start_new_session=True)
        self.lines.append(process)
        return process

    def write(self):
        script = self.work / "mix.sql"
        script.write_text("SELECT mix();\n")
        while not self.stop_writing.is_set():
            subprocess.run(["pgbench", "-n", "-c", "2", "-T", "2", "-R", "60", "-f", script,
                            self.source], env=self.env, capture_output=True, check=False)

    def read(self):
        try:
            self.look()
        except (OSError, ValueError) as error:
            answer = error.read().decode(errors="replace") if hasattr(error, "read") else ""
            self.failure = f"a reader failed: {error} {answer}"

    def look(self):
        """Rows that nobody touches are always there, once each; what was written dips for a moment."""
        most, dip = 0, None
        while not self.stop_reading.is_set():
            mixed, written = map(int, self.clickhouse(
                f"SELECT countIf(id <= {ROWS}), sum(n) FROM mixed").split())
            log = int(self.clickhouse("SELECT countIf(a < 0) FROM log"))
            self.looks += 1
            if (mixed, log) != (ROWS, ROWS // 4):
                self.failure = f"a reader saw {mixed} rows of {ROWS}, {log} of {ROWS // 4}"
                return
            now = time.monotonic()
            if written < most:
                dip = dip or (now, most - written)
            elif dip:
                self.dips.append((now - dip[0], dip[1]))
                dip = None
            most = max(most, written)
            time.sleep(0.02)

    def snapshot(self, number, rate):
        state = self.work / f"rebuild.{number}.json"
        return (f"cdc-snapshot --source {self.source} --publication live --tables 'public.mixed,public.log' "
                f"--checkpoint {state} --chunk-by key --chunk-rows 2000 --max-rows-per-second {rate} "
                f"| {{ echo $BASHPID > {self.work}/loader; exec cdc-load --target '{self.target}' "
                f"--checkpoint {state} --rebuild; }}")

    def wait_for_loader(self, line):
        """Until the line has told whom to kill."""
        end = time.monotonic() + 300
        while not (self.work / "loader").exists() or not (self.work / "loader").read_text().endswith("\n"):
            if time.monotonic() > end or line.poll() is not None:
                raise RuntimeError(f"no loader: {line.poll()}\n{self.tail()}")
            time.sleep(0.02)

    def wait_acknowledged(self, stream, state):
        self.psql("CHECKPOINT")
        position = lsn(self.psql("SELECT pg_current_wal_flush_lsn()"))
        end = time.monotonic() + 300
        while lsn(beds.acknowledged(state)["position"]) < position:
            if time.monotonic() > end or stream.poll() is not None:
                raise RuntimeError(f"not acknowledged: {beds.acknowledged(state)}\n{self.tail()}")
            time.sleep(0.1)

    def check(self):
        if self.failure:
            raise RuntimeError(self.failure)
        left = self.clickhouse("SELECT count() FROM system.tables WHERE name LIKE '%_rebuild'")
        if left != "0":
            raise RuntimeError(f"{left} tables of a rebuild are left")

    def stop(self):
        self.stop_writing.set()
        self.stop_reading.set()
        for line in self.lines:
            if line.poll() is None:
                os.killpg(line.pid, signal.SIGKILL)
                line.wait()
        super().stop()


def totals(query):
    return query("SELECT count(*), sum(id), sum(n), sum(length(note)), count(DISTINCT id) FROM mixed").split()


def stale(bed):
    return bed.clickhouse("SELECT value FROM _cdc_state FINAL WHERE scope = 'table' AND item = 'stale' "
                          "AND name = 'mixed' FORMAT TSVRaw")


def shape(bed):
    return bed.clickhouse(
        "SELECT (SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = 'mixed_raw')"
        " || ': ' || arrayStringConcat(groupArray(name || ' ' || type), ', ') FROM system.columns "
        "WHERE database = currentDatabase() AND table = 'mixed'")


def want(what, got, wanted):
    if got != wanted:
        raise RuntimeError(f"{what}: got {got!r}, wanted {wanted!r}")


def change_shape(bed, pipe, state):
    """The key changes in mid-stream beside a reader: the stream makes the table anew and keeps all rows."""
    stream = bed.line(pipe)
    bed.psql(f"INSERT INTO mixed VALUES ({4 * ROWS}, 1, 'before', 1)")
    bed.wait_acknowledged(stream, state)
    want("a mark before", stale(bed), "")
    bed.stop_reading.clear()
    looks = bed.looks
    reader = threading.Thread(target=bed.read, daemon=True)
    reader.start()
    bed.psql(f"INSERT INTO mixed VALUES ({4 * ROWS} + 1, 1, 'at last', 1)")
    bed.psql("ALTER TABLE mixed DROP CONSTRAINT mixed_pkey, DROP COLUMN price, ALTER n TYPE integer, "
             "ADD PRIMARY KEY (n, id)")
    bed.psql(f"INSERT INTO mixed VALUES ({4 * ROWS} + 2, 1, 'after')")
    bed.psql(f"UPDATE mixed SET n = n + 1 WHERE id % 500 = 1 AND id <= {ROWS}")
    bed.wait_acknowledged(stream, state)  # it fails if the stream ended
    want("the stream's exit status", stream.poll(), None)
    want("shape", shape(bed), "id, n: id Int64, n Int32, note Nullable(String), price Nullable(Decimal(12, 2))")
    want("rows under the new key", totals(bed.clickhouse), totals(lambda text: bed.psql(text).replace("|", " ")))
    if "the type of column 'n' was changed" not in stale(bed):
        raise RuntimeError(f"no mark: {stale(bed)!r}")
    bed.check()
    say(f"the stream goes on over another key: its rows are there, the table is marked; {bed.looks - looks} looks")

    code = bed.line(bed.snapshot("shape", 1000000)).wait(300)
    if code != 0:
        raise RuntimeError(f"rebuild of another shape: exit status {code}\n{bed.tail()}")
    bed.stop_reading.set()
    reader.join()
    bed.check()
    want("shape", shape(bed), "id, n: id Int64, n Int32, note Nullable(String)")
    want("the mark after the whole snapshot", stale(bed), "")
    want("rows after the rebuild", totals(bed.clickhouse), totals(lambda text: bed.psql(text).replace("|", " ")))
    bed.psql(f"UPDATE mixed SET n = n + 1 WHERE id % 100 = 0 AND id <= {ROWS}")
    bed.psql(f"INSERT INTO mixed VALUES ({4 * ROWS} + 3, 1, 'again')")
    bed.wait_acknowledged(stream, state)
    want("the stream's exit status behind the rebuild", stream.poll(), None)
    bed.check()
    say(bed.parity(TABLES))
    want("shape", shape(bed), "id, n: id Int64, n Int32, note Nullable(String)")
    want("the mark at the end", stale(bed), "")
    os.killpg(stream.pid, signal.SIGTERM)
    want("the stream's exit status at the end", stream.wait(300), 0)
    bed.orders_hold(bed.work / "live.lines", "--appended")
    say("a rebuild beside it drops the column and clears the mark; the stream goes on")


def run(bed):
    bed.psql(SCHEMA)
    state = bed.work / "state.json"
    pipe = (f"{{ cdc-snapshot --source {bed.source} --slot live --create --checkpoint {state} && "
            f"exec cdc-capture --source {bed.source} --slot live --checkpoint {state}; }} "
            f"| (trap '' TERM; exec tee -ia {bed.work}/live.lines) | cdc-load --target '{bed.target}' --checkpoint {state} --rebuild --flush-interval 100ms")
    stream = bed.line(pipe)
    end = time.monotonic() + 300
    while beds.acknowledged(state).get("snapshot") not in ("done", {"status": "done"}):
        if time.monotonic() > end or stream.poll() is not None:
            raise RuntimeError(f"no first load: {beds.acknowledged(state)}\n{bed.tail()}")
        time.sleep(0.1)
    say("the first load is done")
    writer = threading.Thread(target=bed.write, daemon=True)
    reader = threading.Thread(target=bed.read, daemon=True)
    writer.start()
    reader.start()

    for number in range(REBUILDS):
        code = bed.line(bed.snapshot(number, ROWS)).wait(300)
        if code != 0:
            raise RuntimeError(f"rebuild {number}: exit status {code}\n{bed.tail()}")
        bed.check()
    say(f"{REBUILDS} rebuilds, {bed.looks} looks of a reader")

    kills, number, runs = 0, 100, 0
    while kills < KILLS:
        number += 1
        done = False
        while not done:
            (bed.work / "loader").unlink(missing_ok=True)
            line = bed.line(bed.snapshot(number, ROWS))
            runs += 1
            bed.wait_for_loader(line)
            try:
                wait = random.uniform(0.2, 3) if kills < KILLS else 120
                code = line.wait(wait)
                if code not in (0, 1):
                    raise RuntimeError(f"exit status {code}\n{bed.tail()}")
                done = code == 0
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError): # it ends just now
                    os.kill(int((bed.work / "loader").read_text()), signal.SIGKILL)
                kills += 1
                line.wait(300)
        bed.check()
    say(f"{KILLS} kills in {runs} runs of {number - 100} rebuilds, {bed.looks} looks")

    bed.stop_writing.set()
    writer.join()
    bed.wait_acknowledged(stream, state)
    bed.stop_reading.set()
    reader.join()
    bed.check()
    os.killpg(stream.pid, signal.SIGTERM)
    if stream.wait(300) != 0:
        raise RuntimeError(f"not a clean end: {stream.returncode}\n{bed.tail()}")
    say(bed.parity(TABLES))
    longest = max((seconds for seconds, _ in bed.dips), default=0)
    say(f"{bed.looks} looks; {len(bed.dips)} times changes of the last moment were out of sight, for "
        f"{longest * 1000:.0f} ms at most")
    change_shape(bed, pipe, state)


if __name__ == "__main__":
    sys.exit(beds.main(Rebuild, run))
