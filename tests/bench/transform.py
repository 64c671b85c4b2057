"""cdc-transform: a join of three tables kept current, in catch-up, by the size of its cuts.

The lines are made here, so that nothing but the tool is measured: a base, then changes with a checkpoint line behind every
10, 1,000 or 100,000 of them. transform-10m, by its own name alone, has ten times the rows (5 GB of lines, and a state of
4 GB), and 512MB for the engine: with the 256MB that it has by default cuts of 100,000 end for want of memory.

CDC_BENCH_TRANSFORM_ROWS (1000000; of transform-10m ten times as many) makes quick looks possible.
"""
import os
import shutil

from harness import FEW_ROUNDS, median, say, servers, timed
from join_lines import VIEWS, Shop

ROWS = int(os.environ.get("CDC_BENCH_TRANSFORM_ROWS", "1000000"))
SIZES = {10: 1_000, 1_000: 50_000, 100_000: 500_000} # changes of a cut: changes in all


def measure(bin_folder, results, name, rows, sizes, rounds, memory="256MB"):
    with servers(bin_folder) as (folder, env):
        (folder / "views.sql").write_text(VIEWS)
        say(f"{name}: {rows} base rows")
        shop = Shop(rows)
        shop.write_base(folder / "base")
        tool = f"exec cdc-transform --views {folder}/views.sql --ack on-write --memory {memory} --log-level warning"
        filled = timed(f"{tool} --state {folder}/state <{folder}/base", env)
        (folder / "base").unlink()
        results.rounds = 1
        results.add(f"{name}-snapshot", rows * 1.1 / filled.wall, "rows/s")
        results.add(f"memory-{name}-snapshot", filled.rss_mb, "MB")
        for size, count in sizes.items():
            Shop(rows).write_changes(folder / "changes", size, count)
            runs = []
            for number in range(rounds):
                shutil.rmtree(folder / "run", ignore_errors=True)
                shutil.copytree(folder / "state", folder / "run")
                runs.append(timed(f"{tool} --state {folder}/run <{folder}/changes", env))
                say(f"round {number + 1}, cuts of {size}: {runs[-1].wall:.2f} s, {runs[-1].rss_mb:.0f} MB")
            wall = median(run.wall for run in runs)
            results.rounds = rounds
            results.add(f"{name}-cuts-of-{size}", count / wall, "changes/s")
            results.add(f"{name}-cut-of-{size}", wall / (count / size) * 1000, "ms")
            results.add(f"memory-cdc-{name}-{size}", max(run.rss_mb for run in runs), "MB")


def transform(bin_folder, results):
    measure(bin_folder, results, "transform", ROWS, SIZES, FEW_ROUNDS)


def transform_10m(bin_folder, results):
    sizes = {1_000: 20_000, 100_000: 1_000_000}
    measure(bin_folder, results, "transform-10m", ROWS * 10, sizes, FEW_ROUNDS, "512MB")


WORKS = {"transform": transform}
BY_NAME = {"transform-10m": transform_10m}
