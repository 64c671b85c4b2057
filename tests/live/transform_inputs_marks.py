#!/usr/bin/env python3
"""Two captures, of PostgreSQL and of MySQL, each by cdc-publish --exactly-once into topics of three partitions, read up to
the marks by two cdc-consume into cdc-transform and a sink; parts killed at random under load: at every cut of either source
the views are PostgreSQL's own answer over the tables of both, and at the end they are what both databases hold.

As transform_inputs_kill.py, whose views, load and comparison it uses. What it takes for an input is the lines of cdc-consume,
whose checkpoint lines have the source's order. One kind of kill waits until the state has cuts that the sink has not
acknowledged: their lines come again out of the topics.

CDC_TEST_SOAK=1: 30 kills, else 6. CDC_TEST_SEED repeats a run's choices.
"""
import json
import os
import random
import signal
import subprocess
import threading
import time

import bed as beds
import transform_inputs_kill as double
import transform_kill as single
from bed import say

KILLS = single.KILLS
SECONDS = 120 # no wait takes so long


class Pipe(double.Pipe):
    def __init__(self, work):
        self.stop_load = threading.Event()
        self.stages = {}
        self.writers = {}
        self.runs = 0
        self.ahead = {} # run: the last checkpoint line of each input whose changes the state had when it began
        self.files = {"shop": work / "shop.json", "stock": work / "stock.json"} # of the readers
        beds.Bed.__init__(self, work, services=("postgres", "mysql", "kafka"))
        self.mysql = self.urls["CDC_TEST_MYSQL_URL"]
        self.brokers = self.urls["CDC_TEST_KAFKA_BROKERS"]
        self.sources = {"shop": [f"--source={self.source}", "--slot=cut"], "stock": [f"--source={self.mysql}/stock"]}

    def captured(self, name):
        return self.work / f"{name}.captured.json"

    def start_writer(self, name, *options):
        text = " ".join(f"'{word}'" for word in [*self.sources[name], f"--checkpoint={self.captured(name)}"])
        capture = self.spawn(["bash", "-c", f"""
            cdc-snapshot {text} --drain {SECONDS}s &&
            exec cdc-capture {text} --checkpoint-interval 200ms {' '.join(options)}"""], stdout=subprocess.PIPE)
        publish = self.spawn(["cdc-publish", "--brokers", self.brokers, "--prefix", name, "--partitions", "3", "--marks",
                              "--exactly-once", "--transaction-time", "200ms", "--checkpoint", self.captured(name)],
                             stdin=capture.stdout)
        capture.stdout.close()
        self.writers[name] = (capture, publish)

    def end_writer(self, name, victim=None):
        """Killed, or by itself."""
        if victim is not None:
            self.writers[name][victim].send_signal(signal.SIGKILL)
        codes = [process.wait(SECONDS) for process in self.writers[name]]
        if any(code in (2, 3, 4, 5) for code in codes) or (victim is None and any(codes)):
            raise RuntimeError(f"a writer of {name} ended with {codes}\n{self.tail()}")

    def start_pipe(self, *options):
        self.runs += 1
        if self.runs > 1:
            double.check_state(self) # which takes out of the outbox what was never committed
        self.ahead[self.runs] = {line["input"]: line for line in self.kept_cuts()}
        run = self.work / f"pipe.{self.runs}"
        inputs = []
        for name, file in self.files.items():
            fifo = self.work / f"{name}.fifo"
            if not fifo.exists():
                os.mkfifo(fifo)
            consume = self.spawn(["cdc-consume", "--brokers", self.brokers, "--prefix", name, "--topics", f"{name}.*.*",
                                  "--marks", "--checkpoint", file, "--allow-no-match", "--drain", "5s",
                                  "-X", "topic.metadata.refresh.interval.ms=300", *options], stdout=subprocess.PIPE)
            # Into the file first: what cdc-transform has is there.
            tee = self.spawn(["bash", "-c", f"exec tee -i '{fifo}' >'{run}.{name}.in'"], stdin=consume.stdout)
            consume.stdout.close()
            self.stages |= {name: consume, f"tee of {name}": tee}
            inputs += ["--input", f"{name}={fifo}", "--checkpoint", f"{name}={file}"]
        transform = self.spawn(["cdc-transform", "--views", self.work / "views.sql", "--state", self.work / "state",
                                *inputs], stdout=subprocess.PIPE)
        sink = self.spawn([beds.ROOT / "tests" / "live" / "acknowledge.py", f"{run}.out", self.work], stdin=transform.stdout)
        transform.stdout.close()
        self.stages |= {"transform": transform, "sink": sink}

    def kept_cuts(self):
        """Checkpoint lines of the state's cuts."""
        files = sorted((self.work / "state" / "outbox").glob("*.lines"))
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines(keepends=True)
                if line.startswith(b'{"checkpoint"') and line.endswith(b"\n")]

    def stall_sink(self):
        """Until the state has cuts whose lines nobody has acknowledged."""
        self.stages["sink"].send_signal(signal.SIGSTOP)
        cuts = len(self.kept_cuts())
        self.wait(lambda: len(self.kept_cuts()) >= cuts + 3, "cuts behind a sink that stands")

    def wait(self, reached, what):
        end = time.monotonic() + SECONDS
        while not reached():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not in time\n{self.tail()}")
            time.sleep(0.1)


def compare(bed):
    mirror = double.Mirror(bed)
    columns = {name: mirror.columns(name) for name in double.VIEWS}
    read_at = {name: max(change["source"]["order"] for readings in changes for change in readings.values()
                         if change["op"] == "r") for name, (changes, _) in mirror.of.items()}
    target = single.Target()
    cuts = 0
    begun = set()
    for run in range(1, bed.runs + 1):
        for name, line in bed.ahead[run].items(): # its lines come again, its checkpoint line does not
            mirror.advance_input(name, line["checkpoint"]["order"], mirror.run_of(line))
        with open(bed.work / f"pipe.{run}.out", "rb") as lines:
            for text in lines:
                if not text.endswith(b"\n"):
                    continue # the sink was killed
                line = json.loads(text)
                if "checkpoint" not in line:
                    target.take(line)
                    begun.add(line["source"]["table"])
                    continue
                mirror.advance_input(line["input"], line["checkpoint"]["order"], mirror.run_of(line))
                if begun != set(double.VIEWS) or any(mirror.at[name] < order for name, order in read_at.items()):
                    continue # rows were read ahead of the stream
                cuts += 1
                if found := double.differing(mirror, target, columns):
                    raise RuntimeError(f"run {run}, checkpoint {text.decode()}: {found}")
    return cuts, target.changes


def final(bed, mirror):
    """The mirror's tables as the databases have them."""
    for table in ("customers", "products", "orders", "visits", "stock", "moves"):
        mirror.run(f"TRUNCATE {table}")
        if table in ("stock", "moves"):
            rows = bed.my(f"SELECT * FROM {table}").replace("NULL", "\\N") + "\n"
        else:
            rows = subprocess.run(["psql", "-X", "-q", "-d", bed.source, "-c", f"COPY {table} TO STDOUT"], env=bed.env,
                                  capture_output=True, text=True, check=True).stdout
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", mirror.url, "-c", f"COPY {table} FROM STDIN"],
                       input=rows if rows.strip() else "", env=bed.env, text=True, check=True)


def check_end(bed):
    """Each view as the lines have left it, and the SELECT over both databases."""
    mirror = double.Mirror(bed, "ended")
    final(bed, mirror)
    target = single.Target()
    for run in range(1, bed.runs + 1):
        with open(bed.work / f"pipe.{run}.out", "rb") as lines:
            for text in lines:
                if text.endswith(b"\n") and not text.startswith(b'{"checkpoint"'):
                    target.take(json.loads(text))
    found = double.differing(mirror, target, {name: mirror.columns(name) for name in double.VIEWS})
    if found:
        raise RuntimeError(f"at the end: {found}")


def run(bed):
    say(f"{KILLS} kills")
    double.prepare(bed)
    for name in bed.sources:
        bed.start_writer(name)
    bed.start_pipe()
    bed.wait_begun(SECONDS)
    loads = [threading.Thread(target=load, daemon=True) for load in (bed.load_forever, bed.load_stock)]
    for load in loads:
        load.start()
    readers = [["transform", "sink"], ["transform"], ["stock"], ["sink"], ["shop", "transform"]]
    plan = ["ahead", ("shop", 1), readers[0], ("stock", 1), "ahead", random.choice(readers), ("shop", 0), ("stock", 0)]
    for number in range(1, KILLS + 1):
        victim = plan[(number - 1) % len(plan)]
        bed.wait_held(bed.held(), SECONDS)
        say(f"kill {number}: {victim}")
        if isinstance(victim, tuple):
            bed.end_writer(*victim)
            bed.start_writer(victim[0])
            continue
        if victim == "ahead":
            bed.stall_sink()
            victim = readers[0]
        bed.kill(victim)
    bed.wait_held(bed.held(), SECONDS)
    bed.stop_load.set()
    for load in loads:
        load.join()
    for name, (capture, _) in bed.writers.items():
        capture.send_signal(signal.SIGTERM)
        bed.end_writer(name)
        bed.start_writer(name, "--exit-at-end")
        bed.end_writer(name)
    for name in bed.sources:
        bed.stages[name].send_signal(signal.SIGTERM)
    bed.wait_pipe(SECONDS)
    bed.start_pipe("--exit-at-end")
    codes = bed.wait_pipe(SECONDS)
    if any(codes.values()):
        raise RuntimeError(f"the last run: {codes}\n{bed.tail()}")
    check_end(bed)
    double.conclude(bed, *compare(bed))


if __name__ == "__main__":
    beds.main(Pipe, run)
