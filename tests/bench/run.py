#!/usr/bin/env python3
"""Our tools against their peers, in pairs, in one run: run.py --bin DIR --out FILE [--only NAME] [--page FILE]

Prints a table, SHORT where a target is missed, and writes the same rows as JSON. ONLY replaces its
own rows. --page: writes all rows of the JSON as a page, with the machine and the versions. A work that
fails is told at the end, and the others run. Rounds are five, and three where they take long.
Some works run by their own name alone (BY_NAME below).
CDC_BENCH_ROUNDS (5) and CDC_BENCH_ROWS (2000000) make quick looks possible; CDC_BENCH_SNAPSHOT_ROWS
(5000000) is the table of snapshots and of verify, CDC_BENCH_KEYS_ROWS (ten times as many) the one of
verify-keys.
"""
import argparse
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import capture
import kafka
import latency
import load
import many
import page
import pipelines
import snapshot
import transform
import transform_flink
import transform_latency
import transform_spark
import verify
import wide
from harness import ROUNDS, Results, say


# All of them take less than an hour on two processors.
WORKS = {**kafka.WORKS, **snapshot.WORKS, **verify.WORKS, **capture.WORKS, **load.WORKS, **wide.WORKS, **latency.WORKS,
         **transform.WORKS, **transform_flink.WORKS, **transform_latency.WORKS, **many.WORKS}
# They take long or much room, or are beside the targets: not without --only.
BY_NAME = {**capture.BY_NAME, **pipelines.BY_NAME, **latency.BY_NAME, **transform.BY_NAME, **transform_latency.BY_NAME,
           **transform_spark.BY_NAME}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only", choices=sorted([*WORKS, *BY_NAME]))
    parser.add_argument("--page")
    options = parser.parse_args()
    bin_folder = pathlib.Path(options.bin).resolve()
    results = Results(options.out)
    failed = []
    begun = time.monotonic()
    for name, work in [*WORKS.items(), *BY_NAME.items()]:
        if options.only == name or (options.only is None and name in WORKS):
            results.rounds = ROUNDS
            started = time.monotonic()
            try:
                work(bin_folder, results)
            except (SystemExit, Exception) as error:
                failed.append(f"{name}: {error!r}")
                traceback.print_exc()
            results.save()
            say(f"{name}: took {time.monotonic() - started:.0f} s")
    results.print()
    say(f"all took {(time.monotonic() - begun) / 60:.0f} min")
    if options.page:
        page.write(options.page, results.kept(), bin_folder)
    if failed:
        raise SystemExit("\n".join(["failed:", *failed]))


main()
