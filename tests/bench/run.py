#!/usr/bin/env python3
"""Our tools against their peers, in pairs, in one run: run.py --bin DIR --out FILE [--only NAME]

Prints a table, SHORT where a target is missed, and writes the same rows as JSON. ONLY replaces its
own rows. CDC_BENCH_ROUNDS (5) and CDC_BENCH_ROWS (2000000) make quick looks possible.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import capture
import kafka
import load
import many
import pipelines
import snapshot
import transform
import verify
import wide
from harness import Results


WORKS = {**kafka.WORKS, **snapshot.WORKS, **verify.WORKS, **capture.WORKS, **load.WORKS, **wide.WORKS, **pipelines.WORKS,
         **transform.WORKS, **many.WORKS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only", choices=sorted(WORKS))
    options = parser.parse_args()
    bin_folder = pathlib.Path(options.bin).resolve()
    results = Results(options.out)
    for name, work in WORKS.items():
        if options.only in (None, name):
            work(bin_folder, results)
            results.save()
    results.print()


main()
