#!/usr/bin/env python3
"""Our tools against their peers, in pairs, in one run: run.py --bin DIR --out FILE [--only NAME]

Prints a table, SHORT where a target is missed, and writes the same rows as JSON. ONLY replaces its
own rows. CDC_BENCH_ROUNDS (5) and CDC_BENCH_ROWS (2000000) make quick looks possible.
"""
import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import kafka
import snapshot
import verify
from harness import FILL, ORDERS, ROOT, Postgres, Results, median, pairs, say, servers, timed

ROUNDS = int(os.environ.get("CDC_BENCH_ROUNDS", "5"))
ROWS = int(os.environ.get("CDC_BENCH_ROWS", "2000000"))


def capture_pair(bin_folder, fill, conf=None):
    """(ours, peer) runs over the same changes of one slot, each from a copy of it."""
    with servers(bin_folder, "postgres") as (_, env):
        postgres = Postgres(env)
        postgres.sql(ORDERS)
        postgres.sql("CREATE PUBLICATION bench FOR ALL TABLES",
                     "SELECT pg_create_logical_replication_slot('base', 'pgoutput')")
        fill(postgres, env)
        postgres.sql("CHECKPOINT")
        end = postgres.sql("SELECT pg_current_wal_flush_lsn()")
        source = env["CDC_TEST_POSTGRES_URL"]

        def slot(name):
            postgres.sql(f"SELECT pg_copy_logical_replication_slot('base', '{name}')")
            return name

        def drop(name):
            postgres.sql(f"SELECT pg_drop_replication_slot('{name}')")

        def ours(number):
            name = slot(f"ours_{number}")
            run = timed(f"exec cdc-capture --source '{source}' --slot {name} --publication bench "
                        f"--prefix bench --peek --until-position {end}", env)
            drop(name)
            return run

        def peer(number):
            name = slot(f"peer_{number}")
            run = timed(f"exec pg_recvlogical -d '{source}' --slot {name} --start -f /dev/null "
                        f"-o proto_version=1 -o publication_names=bench --endpos {end} --no-loop", env)
            drop(name)
            return run

        return pairs(ours, peer, ROUNDS)


def capture_postgres(bin_folder, results):
    say(f"capture-postgres: one transaction of {ROWS} inserts")
    mine, other = capture_pair(bin_folder, lambda pg, env: pg.sql(FILL.format(rows=ROWS)))
    rate, peer_rate = ROWS / median(r.wall for r in mine), ROWS / median(r.wall for r in other)
    results.add("capture-postgres", rate, "rows/s", "pg_recvlogical", peer_rate, rate / peer_rate,
                ">=0.95")
    results.add("memory-cdc-capture", max(r.rss_mb for r in mine), "MB", target="<=64")


def capture_postgres_small(bin_folder, results):
    count = ROWS // 10
    say(f"capture-postgres-small: {count} transactions of two changes")

    def fill(postgres, env):
        script = pathlib.Path(env["CDC_SERVICES_DIR"]) / "small.sql"
        script.write_text("BEGIN;\n" + FILL.format(rows=1) + " RETURNING id \\gset\n"
                          "UPDATE orders SET quantity = quantity + 1 WHERE id = :id;\nEND;\n")
        subprocess.run(["pgbench", "-n", "-c", "4", "-t", str(count // 4), "-f", script, "-M",
                        "prepared", postgres.url], env=env, check=True, capture_output=True)

    mine, other = capture_pair(bin_folder, fill)
    rate, peer_rate = (2 * count / median(r.wall for r in runs) for runs in (mine, other))
    results.add("capture-postgres-small", rate, "changes/s", "pg_recvlogical", peer_rate,
                rate / peer_rate, ">=0.95")


def change_lines(bin_folder, folder, env, rows):
    """Captured lines of `rows` inserts, and the same rows ready for JSONEachRow."""
    postgres = Postgres(env)
    source = env["CDC_TEST_POSTGRES_URL"]
    postgres.sql(ORDERS)
    subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                    "--create", "--exit-after-create"], env=env, check=True, stderr=subprocess.DEVNULL)
    postgres.sql(FILL.format(rows=rows))
    postgres.sql("CHECKPOINT") # flushes what was committed asynchronously
    lines = folder / "lines"
    with lines.open("wb") as out:
        subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                        "--peek", "--exit-at-end"], env=env, check=True, stdout=out,
                       stderr=subprocess.DEVNULL)
    ready = folder / "rows"
    with lines.open("rb") as source_lines, ready.open("wb") as out:
        for line in source_lines:
            if not line.startswith(b'{"key"'):
                continue
            start = line.index(b'"after":{') + 8
            end = line.index(b'},"source":', start)
            at = line.index(b'"order":"') + 9
            version = int(line[at:at + 32], 16)
            out.write(line[start:end] + b',"_version":%d,"_deleted":0,"_source_ts_ms":0}\n' % version)
    return lines, ready


def load_chdb(bin_folder, results):
    say(f"load-chdb: {ROWS} change lines into the embedded engine")
    with servers(bin_folder, "postgres") as (folder, env):
        lines, ready = change_lines(bin_folder, folder, env, ROWS)
        chdb = ROOT / "scripts" / "chdb.py"
        subprocess.run(f"head -n 100 {lines} | cdc-load --target chdb:{folder}/shape", shell=True,
                       env=env, check=True, stderr=subprocess.DEVNULL)
        ddl = subprocess.run([chdb, folder / "shape", "SHOW CREATE TABLE orders_raw FORMAT TSVRaw"],
                             env=env, check=True, capture_output=True, text=True).stdout
        counts = set()

        def count(target):
            counts.add(subprocess.run([chdb, target, "SELECT count(), sum(id) FROM orders_raw FINAL"],
                                      env=env, check=True, capture_output=True, text=True).stdout)

        def ours(number):
            target = folder / f"ours_{number}"
            run = timed(f"cat {lines} | cdc-load --target chdb:{target}", env)
            count(target)
            subprocess.run(["rm", "-rf", target], check=True)
            return run

        def peer(number):
            target = folder / f"peer_{number}"
            subprocess.run([chdb, "--create", target, ddl], env=env, check=True)
            # Not by descriptor 0, which the engine reads by itself beside any INSERT.
            run = timed(f"{chdb} {target} \"INSERT INTO orders_raw FROM INFILE '/dev/fd/9' "
                        f"COMPRESSION 'none' FORMAT JSONEachRow\" 9< <(cat {ready}) </dev/null", env)
            count(target)
            subprocess.run(["rm", "-rf", target], check=True)
            return run

        mine, other = pairs(ours, peer, ROUNDS)
        if len(counts) != 1:
            raise SystemExit(f"not the same rows on both sides: {counts}")
    rate, peer_rate = ROWS / median(r.wall for r in mine), ROWS / median(r.wall for r in other)
    results.add("load-chdb", rate, "rows/s", "JSONEachRow by pipe", peer_rate, rate / peer_rate,
                ">=1.0")
    results.add("memory-cdc-load", max(r.rss_mb for r in mine), "MB")


def pipe(bin_folder, results):
    """The whole pipe while the source is written to: seconds from commit to visible, at most."""
    say("pipe: capture | load, one transaction, from commit to the last row loaded")
    rows = ROWS // 2
    with servers(bin_folder, "postgres") as (folder, env):
        postgres = Postgres(env)
        source = env["CDC_TEST_POSTGRES_URL"]
        postgres.sql(ORDERS)
        subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                        "--create", "--exit-after-create"], env=env, check=True,
                       stderr=subprocess.DEVNULL)
        postgres.sql(FILL.format(rows=rows))
        postgres.sql("CHECKPOINT")
        walls = []
        for number in range(ROUNDS):
            postgres.sql(f"SELECT pg_copy_logical_replication_slot('bench', 'run_{number}')")
            run = timed(f"cdc-capture --source '{source}' --slot run_{number} --publication bench "
                        f"--prefix bench --checkpoint {folder}/state_{number} --exit-at-end | "
                        f"cdc-load --target chdb:{folder}/target_{number} "
                        f"--checkpoint {folder}/state_{number}", env)
            postgres.sql(f"SELECT pg_drop_replication_slot('run_{number}')")
            walls.append(run.wall)
    results.add("pipe-postgres-chdb", rows / median(walls), "rows/s")


WORKS = {**kafka.WORKS, **snapshot.WORKS, **verify.WORKS, "capture-postgres": capture_postgres, "capture-postgres-small": capture_postgres_small,
         "load-chdb": load_chdb, "pipe-postgres-chdb": pipe}


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
