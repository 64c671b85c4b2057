#!/usr/bin/env python3
"""cdc-publish --exactly-once to three brokers, all parts killed at random: who reads committed records finds each
change once, as it was, and those of a key in their order.

What was changed is known from the source alone: triggers write it down inside the same transactions. First a snapshot
beside writers is killed, then the stream, then the stream with one large transaction in it. Capture, snapshot and
publisher get SIGKILL, and a broker that leads a partition. kcat reads.

A row of a snapshot that was killed may come again, as cdc-publish(1) says; it must be one that the source had.
CDC_TEST_SOAK=1: 30 kills and 5,000,000 rows in one transaction, else 6 and 20,000. CDC_TEST_SEED repeats a run's choices.
"""
import collections
import itertools
import json
import os
import random
import signal
import subprocess
import threading
import time

import bed as beds
import kafka_kill
import kill_pipe
from bed import lsn, say

KILLS = int(os.environ.get("CDC_TEST_KILLS", "30" if beds.SOAK else "6"))
ROWS = int(os.environ.get("CDC_TEST_ROWS", "5000000" if beds.SOAK else "20000"))
BASE_ROWS = 200_000 if beds.SOAK else 10_000
PATIENCE = 1200 if beds.SOAK else 180
TABLES = ["base", "mixed", "full_rows", "emptied", "big"]

# Rows as the lines have them.
SCHEMA = kill_pipe.SCHEMA + """
CREATE TABLE base (id int PRIMARY KEY, n int, v text);
CREATE TABLE big (id bigint PRIMARY KEY, v text);
CREATE TABLE truth (seq bigserial PRIMARY KEY, name text, op text, before jsonb, after jsonb);
CREATE FUNCTION line_row(base) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb($1) $$;
CREATE FUNCTION line_row(full_rows) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb($1) $$;
CREATE FUNCTION line_row(emptied) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb($1) $$;
CREATE FUNCTION line_row(mixed) RETURNS jsonb LANGUAGE sql AS $$
    SELECT to_jsonb($1) || jsonb_build_object('price', $1.price::text, 'ts', replace(replace($1.ts::text, ' ', 'T'), '+00', 'Z'),
                                              'b', replace(encode($1.b, 'base64'), E'\\n', '')) $$;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
    moved boolean;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO truth (name, op) VALUES (TG_TABLE_NAME, 't');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN old_row := line_row(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN new_row := line_row(NEW); END IF;
    moved := TG_OP = 'UPDATE' AND old_row->'id' IS DISTINCT FROM new_row->'id';
    IF TG_OP = 'DELETE' OR moved THEN
        INSERT INTO truth (name, op, before) VALUES (TG_TABLE_NAME, 'd', old_row);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO truth (name, op, before, after)
        VALUES (TG_TABLE_NAME, CASE WHEN TG_OP = 'UPDATE' AND NOT moved THEN 'u' ELSE 'c' END, old_row, new_row);
    END IF;
    RETURN NULL;
END $$;
""" + "".join(f"CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION tell();\n"
              for table in ("base", "mixed", "full_rows", "emptied")) + f"""
CREATE TRIGGER tell_all AFTER TRUNCATE ON emptied FOR EACH STATEMENT EXECUTE FUNCTION tell();
INSERT INTO base SELECT g, 0, repeat(md5(g::text), 3) FROM generate_series(1, {BASE_ROWS}) g;
"""


class Once(beds.Bed):
    """The servers, the pipe into the topics, and the writers."""

    def __init__(self, work):
        self.checkpoint = work / "once.json"
        self.stages = []
        self.snapshot_is_done = False
        self.starts = 0
        self.stop_load = threading.Event()
        super().__init__(work, ("postgres", "kafka3"), CDC_SERVICES_WAIT="180")
        self.brokers = self.urls["CDC_TEST_KAFKA3_BROKERS"]

    # ---------------------------------------------------------------- the pipe
    def start(self):
        self.starts += 1
        source = ["cdc-snapshot", "--create", "--allow-no-identity"] if not self.snapshot_is_done else ["cdc-capture"]
        first = self.spawn([*source, "--source", self.source, "--slot", "once", "--prefix", "once", "--tables",
                            ",".join(f"public.{table}" for table in TABLES), "--checkpoint", self.checkpoint],
                           stdout=subprocess.PIPE)
        last = self.spawn(["cdc-publish", "--exactly-once", "--brokers", self.brokers, "--prefix", "once", "--partitions",
                           "3", "--compression", "lz4", "--checkpoint", self.checkpoint], stdin=first.stdout)
        first.stdout.close()
        self.stages = [first, last]

    def wait(self, seconds):
        end = time.monotonic() + seconds
        for stage in self.stages:
            stage.wait(max(0.1, end - time.monotonic()))
        codes = [stage.returncode for stage in self.stages]
        if any(code in (2, 3, 4, 5) for code in codes):
            raise RuntimeError(f"a stage gave up for good: {codes}\n{self.tail()}")
        return codes

    def revive(self):
        """As a supervisor would: the pipe is started again as a whole; behind a snapshot comes the stream."""
        if all(stage.poll() is None for stage in self.stages):
            return
        codes = self.wait(300)
        self.snapshot_is_done = self.snapshot_is_done or codes == [0, 0]
        say(f"the pipe ended: {codes}; it goes on with the {'stream' if self.snapshot_is_done else 'snapshot'}")
        self.start()

    def kill(self, victim):
        if victim == "leader":
            broker = kafka_kill.leader(self, "kafka3", "once.public.base")
            self.services("kill", broker)
            time.sleep(random.uniform(1, 8)) # the session of a dead broker lasts 6 s
            self.services("start", broker)
        else:
            stage = self.stages[0 if victim == "source" else 1]
            stage.send_signal(signal.SIGKILL)
            stage.wait()
        self.revive()

    def published(self):
        """Records in the topic of the large transaction, of those that were sent; 0 where it is not there yet."""
        done = subprocess.run(["kcat", "-Q", "-b", self.brokers, *(word for partition in range(3) for word in
                               ("-t", f"once.public.big:{partition}:-1"))], env=self.env, capture_output=True, text=True,
                              check=False)
        return sum(int(line.rsplit(" ", 1)[1]) for line in done.stdout.splitlines() if "offset" in line)

    # ---------------------------------------------------------------- the load
    def load_forever(self):
        scripts = {"mix.sql": "SELECT mix();\n",
                   "base.sql": f"\\set id random(1, {BASE_ROWS})\nBEGIN;\nUPDATE base SET n = n + 1 WHERE id = :id;\nEND;\n",
                   "undone.sql": "BEGIN;\nSELECT mix();\nROLLBACK;\n"}
        for name, text in scripts.items():
            (self.work / name).write_text(text)
        while not self.stop_load.is_set():
            subprocess.run(["pgbench", "-n", "-c", "3", "-T", "3", "-R", "150", "-f", f"{self.work}/mix.sql@3", "-f",
                            f"{self.work}/base.sql@3", "-f", f"{self.work}/undone.sql@1", self.source],
                           env=self.env, capture_output=True, check=False)
            time.sleep(0.1)

    def stop(self):
        self.stop_load.set()
        super().stop()


#---------------------------------------------------------------------------- what the topics hold
Record = collections.namedtuple("Record", "key value")


def records(bed, table):
    """Changes that are committed; each partition's in its order. A tombstone's value is None."""
    reader = subprocess.Popen(["kcat", "-q", "-C", "-e", "-b", bed.brokers, "-t", f"once.public.{table}", "-o", "beginning",
                               "-X", "isolation.level=read_committed", "-f", "%S\t%K\t%k\t%s\n"],
                              env=bed.env, stdout=subprocess.PIPE, text=True)
    for line in reader.stdout:
        size, key_size, key, value = line.rstrip("\n").split("\t", 3)
        record = Record(json.loads(key) if key_size != "-1" else None, json.loads(value) if size != "-1" else None)
        if record.value is None or "op" in record.value: # else it tells of a table
            yield record
    if reader.wait() != 0:
        raise RuntimeError(f"kcat ended with {reader.returncode}")


def truth(bed, table):
    # One answer of psql, which keeps backslashes as they are.
    text = bed.psql(f"SELECT json_build_array(op, before, after) FROM truth WHERE name = '{table}' ORDER BY seq")
    return [json.loads(line) for line in text.splitlines()]


def same_row(line, wanted):
    """Whether a change line says what was done; columns that it says nothing of are those that it names."""
    op, _, row = wanted
    if line["op"] != op:
        return False
    if row is None:
        return line["after"] is None
    silent = {*line.get("unchanged", ()), *line["source"].get("fetched", ()), *line["source"].get("gone", ())}
    after = line["after"]
    return all(after.get(name) == value for name, value in row.items() if name not in silent) and \
        not set(row) - set(after) - silent and not set(after) - set(row)


def check_keyed(bed, table):
    """Each key's changes are those of the source, in their order; returns (changes, rows of the snapshot, again)."""
    wanted, found, rows = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(list)
    for change in truth(bed, table):
        wanted[(change[2] or change[1] or {"id": None})["id"]].append(change)
    deleted = None
    for record in records(bed, table):
        if record.value is None:
            if deleted != record.key:
                raise RuntimeError(f"{table}: a tombstone of {record.key} that is behind no delete")
            deleted = None
            continue
        if deleted:
            raise RuntimeError(f"{table}: no tombstone is behind the delete of {deleted}")
        line = record.value
        deleted = record.key if line["op"] == "d" else None
        key = record.key["id"] if record.key else None
        (rows if line["op"] == "r" else found)[key].append(line)
    # What the trigger told while the table was filled is before the stream.
    filled = {}
    if table == "base":
        for key, changes in wanted.items():
            filled[key] = changes.pop(0)
    for key in {**wanted, **found}:
        if len(wanted[key]) != len(found[key]) or not all(map(same_row, found[key], wanted[key])):
            pairs = list(itertools.zip_longest(found[key], wanted[key]))
            at = next(n for n, (line, change) in enumerate(pairs) if not (line and change and same_row(line, change)))
            raise RuntimeError(f"{table}: key {key}, change {at + 1} of {len(wanted[key])}, {len(found[key])} were found: "
                               f"{pairs[at][0]}, not {pairs[at][1]}")
    for key, lines in rows.items():
        states = [change for change in [filled.get(key), *wanted[key]] if change]
        for line in lines:
            if not any(same_row({**line, "op": state[0]}, state) for state in states):
                raise RuntimeError(f"{table}: key {key} has a row of the snapshot that never was: {line}")
    if missing := set(filled) - set(rows):
        raise RuntimeError(f"{table}: {len(missing)} rows of the snapshot are missing, {sorted(missing)[:5]} among them")
    return sum(map(len, found.values())), len(rows), sum(map(len, rows.values())) - len(rows)


def check_bag(bed, table):
    """Without key: each change once."""
    def text(row):
        return json.dumps(row, sort_keys=True)
    wanted = collections.Counter((op, text(before), text(after)) for op, before, after in truth(bed, table))
    found = collections.Counter((line["op"], text(line["before"]), text(line["after"]))
                                for _, line in records(bed, table) if line["op"] != "r")
    if wanted != found:
        raise RuntimeError(f"{table}: more {list((found - wanted).items())[:3]}, less {list((wanted - found).items())[:3]}")
    return found.total()


def check_big(bed):
    seen = bytearray(ROWS + 1)
    for key, line in records(bed, "big"):
        number = key["id"]
        if line["op"] != "c" or line["after"] != {"id": number, "v": f"row {number}"} or seen[number]:
            raise RuntimeError(f"big: {line}, {seen[number]} times before")
        seen[number] = 1
    if (there := sum(seen)) != ROWS:
        raise RuntimeError(f"big: {there} of {ROWS} rows")


#---------------------------------------------------------------------------- the time of it
def kills(bed, number, victims, ready):
    plan = [victims[i % len(victims)] for i in range(number)]
    random.shuffle(plan)
    for victim in plan:
        if not ready():
            return
        say(f"kill {victim}")
        bed.kill(victim)


def run(bed):
    say(f"{KILLS} kills, {ROWS} rows in one transaction")
    bed.psql(SCHEMA)
    bed.start()
    end = time.monotonic() + 300
    # What is written before the slot's first position is no part of the stream.
    while bed.psql("SELECT confirmed_flush_lsn IS NOT NULL FROM pg_replication_slots WHERE slot_name = 'once'") != "t":
        if time.monotonic() > end:
            raise RuntimeError(f"no slot was made\n{bed.tail()}")
        time.sleep(0.02)
    load = threading.Thread(target=bed.load_forever, daemon=True)
    load.start()

    say("in the snapshot")
    def in_snapshot():
        time.sleep(random.uniform(0.1, 1.5 if beds.SOAK else 0.6))
        bed.revive()
        return not bed.snapshot_is_done
    kills(bed, KILLS // 5, ["publish", "source"], in_snapshot)
    in_snapshot_starts = bed.starts

    say("in the stream")
    end = time.monotonic() + PATIENCE
    while not bed.snapshot_is_done:
        if time.monotonic() > end:
            raise RuntimeError(f"the snapshot does not end\n{bed.tail()}")
        bed.revive()
        time.sleep(0.1)
    def in_stream():
        time.sleep(random.uniform(0.5, 4))
        bed.revive()
        return True
    kills(bed, KILLS // 5 * 2, ["source", "publish", "leader"], in_stream)

    say("in the large transaction")
    writer = threading.Thread(daemon=True, target=lambda: bed.psql(
        f"INSERT INTO big SELECT g, 'row ' || g FROM generate_series(1, {ROWS}) g"))
    writer.start()
    wanted = [0]
    def in_large():
        """Once more of it was sent than before, so that the run of no kill was in vain."""
        end = time.monotonic() + PATIENCE
        while (sent := bed.published()) <= wanted[0]:
            if time.monotonic() > end:
                raise RuntimeError(f"{sent} records of the large transaction were sent, and no more\n{bed.tail()}")
            bed.revive()
            time.sleep(0.2)
        say(f"{sent} records were sent")
        wanted[0] = sent
        time.sleep(random.uniform(0, 1))
        return sent < ROWS
    kills(bed, KILLS - KILLS // 5 * 3, ["publish", "leader", "source"], in_large)

    writer.join()
    bed.stop_load.set()
    load.join()
    position, end = lsn(bed.psql("SELECT pg_current_wal_flush_lsn()")), time.monotonic() + PATIENCE
    while lsn(beds.acknowledged(bed.checkpoint)["position"]) < position:
        if time.monotonic() > end:
            raise RuntimeError(f"not published in time: {beds.acknowledged(bed.checkpoint)}\n{bed.tail()}")
        bed.revive()
        time.sleep(0.1)
    for stage in bed.stages:
        stage.send_signal(signal.SIGTERM)
    if (codes := bed.wait(300)) != [0, 0]:
        raise RuntimeError(f"not a clean end: {codes}\n{bed.tail()}")

    for table in ("base", "mixed", "emptied"):
        changes, rows, again = check_keyed(bed, table)
        say(f"{table}: {changes} changes once each, {rows} rows of the snapshot, {again} of them again")
        if again and in_snapshot_starts == 1:
            raise RuntimeError("rows came again though no snapshot was killed")
    say(f"full_rows: {check_bag(bed, 'full_rows')} changes once each")
    check_big(bed)
    say(f"big: {ROWS} changes of one transaction once each; the pipe was started {bed.starts} times")


if __name__ == "__main__":
    beds.main(Once, run)
