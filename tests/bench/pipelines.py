"""The pipelines of scripts/pipelines as a user has them, under a shop's load: from commit to visible, events a second, and
what the tools take of the machine. Their aims are the figures of set-ups that people run for this today.

CDC_BENCH_PIPELINE_EVENTS (100000) and CDC_BENCH_PIPELINE_SECONDS (20) make quick looks possible.
"""
import os
import pathlib
import subprocess
import time

from harness import ROOT, say, servers
from visible import Watcher, last_change, wait_for

EVENTS = int(os.environ.get("CDC_BENCH_PIPELINE_EVENTS", "100000"))
SECONDS = int(os.environ.get("CDC_BENCH_PIPELINE_SECONDS", "20"))
RATE = 20 # events a second at which latency and the share of a processor are taken
TICKS = os.sysconf("SC_CLK_TCK")


class Pipeline:
    """One of scripts/pipelines with local services of its own, started and past its snapshot."""

    def __init__(self, name, env, folder, source, database, raw):
        self.script = ROOT / "scripts" / "pipelines" / name
        self.env = dict(env, PIPELINE_STATE=f"{folder}/state", PIPELINE_SERVICES_DIR=env["CDC_SERVICES_DIR"])
        self.state = pathlib.Path(folder) / "state" / name
        self.run("setup")
        shown = subprocess.run([ROOT / "scripts" / "services", "env"], env=self.env, check=True, capture_output=True, text=True).stdout
        urls = dict(line.removeprefix("export ").split("=", 1) for line in shown.splitlines())
        server = urls[f"CDC_TEST_{source.upper()}_URL"].strip("'")
        self.source = server.rsplit("/", 1)[0] + f"/{database}" if source == "postgres" else f"{server}/{database}"
        self.target = urls["CDC_TEST_CLICKHOUSE_URL"].strip("'")
        self.database, self.raw = database, raw
        self.run("start")

    def run(self, *verb):
        done = subprocess.run([self.script, *verb], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.script.name} {verb}: {done.stdout}{done.stderr}")

    def load(self, *words):
        subprocess.run([ROOT / "scripts" / "generate-load", "--source", self.source, *words], env=self.env, check=True,
                       stderr=subprocess.DEVNULL)

    def tools(self):
        """The processes of the tools, which all work in the state folder."""
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.state) and \
                        (entry / "comm").read_text().startswith("cdc-"):
                    yield entry
            except OSError: # it has ended meanwhile
                continue

    def cpu(self):
        """Seconds of processor time that the tools have taken so far."""
        fields = [(entry / "stat").read_text().rsplit(")", 1)[1].split() for entry in self.tools()]
        return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS

    def memory_mb(self):
        """The sum of the most that each tool ever had."""
        found = [line for entry in self.tools() for line in (entry / "status").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in found if line.startswith("VmHWM:")) / 1024

    def tables(self):
        return [f"{self.database}.{table}" for table in self.raw]


def steadily(pipeline, name, results, aim_s):
    """A shop at its usual pace: ages of rows, and the part of a processor that all tools take."""
    say(f"{name}: {RATE} events a second for {SECONDS} s")
    watcher = Watcher(pipeline.target, pipeline.tables())
    watcher.start()
    wait_for(lambda: all(watcher.last.values()), 120)
    pipeline.load("--rate", str(RATE), "--seconds", "5")
    watcher.ages.clear()
    cpu, began = pipeline.cpu(), time.monotonic()
    pipeline.load("--rate", str(RATE), "--seconds", str(SECONDS), "--seed", "2")
    busy = (pipeline.cpu() - cpu) / (time.monotonic() - began)
    time.sleep(5)
    watcher.end()
    results.rounds = 1
    results.add(f"{name}-visible-p50", watcher.share(0.5), "s", target=f"<={aim_s}")
    results.add(f"{name}-visible-p99", watcher.share(0.99), "s", target=f"<={aim_s}")
    results.add(f"{name}-cpu", busy * 100, "% of one", target="<=20")


def in_a_rush(pipeline, name, results, aim_s, aim_rate):
    """A day's events at once: how many come through a second, and how far behind their writing the last one is seen."""
    say(f"{name}: {EVENTS} events as fast as the source takes them")
    began = time.monotonic()
    pipeline.load("--rate", "0", "--batch", "20", "--events", str(EVENTS), "--seed", "3")
    written = time.monotonic()
    arrived = last_change(pipeline.target, pipeline.tables(), 10)
    pipeline.run("verify")
    results.rounds = 1
    results.add(f"{name}-events", EVENTS / (max(written, arrived) - began), "events/s", target=f">={aim_rate}")
    results.add(f"{name}-behind", max(0, arrived - written), "s", target=f"<={aim_s}")
    results.add(f"{name}-memory", pipeline.memory_mb(), "MB", target="<=1000")


def work(name, source, database, raw, aim_s, aim_rate):
    def measure(bin_folder, results):
        with servers(bin_folder) as (folder, env):
            pipeline = Pipeline(name, env, folder, source, database, raw)
            try:
                steadily(pipeline, name, results, aim_s)
                in_a_rush(pipeline, name, results, aim_s, aim_rate)
            finally:
                pipeline.run("destroy", "--yes")
    return measure


SHOP = ("customers_final", "products_final", "orders_final")
# 14 to 22 inserts a second and 5 to 10 s are what the first two are to beat, a million events a day and 2 to 5 s the last.
BY_NAME = {"pg-orders": work("pg-orders", "postgres", "inventory", SHOP, 5, 22),
           "pg-monitored": work("pg-monitored", "postgres", "inventory", SHOP, 5, 22),
           "mysql-users": work("mysql-users", "mysql", "mydb", ("users_raw", "products_raw", "orders_raw"), 2, 12)}
