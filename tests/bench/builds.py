#!/usr/bin/env python3
"""Two builds of the tools in pairs, in one run: builds.py --old DIR --new DIR [--only NAME,…] [--out FILE]

DIR holds the programs. Every tool does the same work with both, in turn; the table tells wall time,
CPU time and memory of the new one as parts of the old one's. CDC_BENCH_ROUNDS (5), CDC_BENCH_ROWS (2000000).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import FILL, ORDERS, ROUNDS, Postgres, median, pairs, servers, timed
import kafka

ROWS = int(os.environ.get("CDC_BENCH_ROWS", "2000000"))


class Builds:
    """Runs a line once with the programs of each build; keeps the figures."""

    def __init__(self, old, new):
        self.folders = {"new": pathlib.Path(new).resolve(), "old": pathlib.Path(old).resolve()}
        self.rows = []

    def compare(self, work, env, line):
        """`line` is a function of a name of its own for each run: its shell text."""
        def run(which):
            own = dict(env, PATH=f"{self.folders[which]}:{env['PATH']}")
            return lambda number: timed(line(f"{which}{number}"), own)

        mine, other = pairs(run("new"), run("old"), ROUNDS)
        row = {"work": work}
        for figure in ("wall", "cpu", "rss_mb"):
            new, old = (median(getattr(one, figure) for one in runs) for runs in (mine, other))
            row[figure] = [round(new, 3), round(old, 3), round(new / old, 3)]
        # Other work on the machine only ever adds: the best of each build is the nearest to its own.
        row["best_cpu"] = round(min(one.cpu for one in mine) / min(one.cpu for one in other), 3)
        self.rows.append(row)

    def print(self):
        print(f"{'work':16} {'wall s':>18} {'ratio':>6} {'cpu s':>18} {'ratio':>6} {'best':>6} {'MB':>16} {'ratio':>6}")
        for row in self.rows:
            cells = "".join(f" {row[name][0]:8.2f} / {row[name][1]:7.2f} {row[name][2]:6.3f}"
                            + (f" {row['best_cpu']:6.3f}" if name == "cpu" else "")
                            for name in ("wall", "cpu", "rss_mb"))
            print(f"{row['work']:16}{cells}")


def from_postgres(builds):
    """Capture, snapshot, load and verify of one table."""
    with servers(builds.folders["new"], "postgres") as (folder, env):
        postgres, source = Postgres(env), env["CDC_TEST_POSTGRES_URL"]
        postgres.sql(ORDERS, "CREATE PUBLICATION bench FOR ALL TABLES",
                     "SELECT pg_create_logical_replication_slot('bench', 'pgoutput')")
        postgres.sql(FILL.format(rows=ROWS), "VACUUM ANALYZE orders", "CHECKPOINT")
        end = postgres.sql("SELECT pg_current_wal_flush_lsn()")
        env["CDC_SOURCE"] = source
        capture = f"cdc-capture --slot bench --publication bench --prefix bench --peek --until-position {end}"
        builds.compare("capture", env, lambda _: f"exec {capture}")
        builds.compare("snapshot", env, lambda _: "exec cdc-snapshot --tables public.orders --jobs 1")
        lines = folder / "lines"
        subprocess.run(f"{capture} >{lines}", shell=True, check=True, stderr=subprocess.DEVNULL, env=dict(
            env, PATH=f"{builds.folders['old']}:{env['PATH']}"))
        builds.compare("load", env, lambda name: f"cdc-load --target chdb:{folder}/{name} <{lines}")
        env["CDC_TARGET"] = f"chdb:{folder}/target"
        subprocess.run("cdc-snapshot --slot verify --publication bench --create --checkpoint state"
                       " | cdc-load --checkpoint state", shell=True, check=True, cwd=folder,
                       stderr=subprocess.DEVNULL,
                       env=dict(env, PATH=f"{builds.folders['old']}:{env['PATH']}"))
        builds.compare("verify", env, lambda _: "exec cdc-verify --tables public.orders --no-wait")


def through_kafka(builds):
    """Publish and consume of one partition."""
    with servers(builds.folders["new"], "kafka") as (folder, env):
        brokers = env["CDC_TEST_KAFKA_BROKERS"]
        lines, _ = kafka.change_lines(folder, env, ROWS)
        builds.compare("publish", env, lambda name:
                       f"exec cdc-publish --brokers {brokers} --prefix {name} --partitions 1 "
                       f"--no-tombstones --log-level error <{lines}")
        builds.compare("consume", env, lambda _:
                       f"exec cdc-consume --brokers {brokers} --topics old0.public.t0 "
                       "--exit-at-end --log-level error")


WORKS = {"postgres": from_postgres, "kafka": through_kafka}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", required=True)
    parser.add_argument("--new", required=True)
    parser.add_argument("--only", choices=sorted(WORKS))
    parser.add_argument("--out", help="the same figures as JSON")
    options = parser.parse_args()
    builds = Builds(options.old, options.new)
    for name, work in WORKS.items():
        if options.only in (None, name):
            work(builds)
    builds.print()
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(builds.rows, indent=1) + "\n")


main()
