#!/usr/bin/env python3
"""cdc-verify of an equal table against PostgreSQL's own md5 of every row: verify.py --bin DIR --out FILE

CDC_BENCH_ROUNDS (5) and CDC_BENCH_ROWS (5000000) make quick looks possible. Both see the same two
cores: ours holds PostgreSQL, ClickHouse and the tool, the peer PostgreSQL with its parallel workers.
"""
import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import FILL, ORDERS, Postgres, Results, median, pairs, say, servers, timed

ROUNDS = int(os.environ.get("CDC_BENCH_ROUNDS", "5"))
ROWS = int(os.environ.get("CDC_BENCH_ROWS", "5000000"))


def verify(bin_folder, results):
    say(f"verify: {ROWS} equal rows")
    with servers(bin_folder, "postgres", "clickhouse") as (folder, env):
        postgres = Postgres(env)
        source, target = env["CDC_TEST_POSTGRES_URL"], env["CDC_TEST_CLICKHOUSE_URL"]
        postgres.sql(ORDERS)
        subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                        "--create", "--exit-after-create"], env=env, check=True,
                       stderr=subprocess.DEVNULL)
        postgres.sql(FILL.format(rows=ROWS), "VACUUM ANALYZE orders")
        subprocess.run(f"cdc-capture --source '{source}' --slot bench --prefix bench --checkpoint "
                       f"{folder}/state --exit-at-end | cdc-load --target '{target}' --checkpoint "
                       f"{folder}/state", shell=True, env=env, check=True, stderr=subprocess.DEVNULL)
        command = (f"exec cdc-verify --source '{source}' --target '{target}' --tables public.orders "
                   "--no-wait")
        md5 = ("exec psql -X -q -At -d '" + source +
               "' -c 'SELECT sum(hashtext(md5(t::text))) FROM orders t'")
        for warm in (command, md5):
            timed(warm, env)
        mine, other = pairs(lambda _: timed(command, env), lambda _: timed(md5, env), ROUNDS)
    rate, peer_rate = ROWS / median(r.wall for r in mine), ROWS / median(r.wall for r in other)
    results.add("verify-equal", rate, "rows/s", "md5 of every row", peer_rate, rate / peer_rate,
                ">=1.5")
    results.add("memory-cdc-verify", max(r.rss_mb for r in mine), "MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    results = Results(options.out)
    verify(pathlib.Path(options.bin).resolve(), results)
    results.save()
    results.print()


if __name__ == "__main__":
    main()
