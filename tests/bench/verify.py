"""cdc-verify of an equal table against PostgreSQL's own md5 of every row, and cdc-lag's one look.

Both see the same processors: ours holds PostgreSQL, ClickHouse and the tool, the peer PostgreSQL with
its parallel workers. The rows come by cdc-snapshot, which gives `snapshot-chdb` on the way.
"""
import os
import random
import subprocess
import sys

from harness import (FILL, MYSQL_FILL, MYSQL_ORDERS, ORDERS, ROOT, ROUNDS, Mysql, Postgres, add_rates, median, metered,
                     pairs, say, servers, timed)

ROWS = int(os.environ.get("CDC_BENCH_SNAPSHOT_ROWS", "5000000"))


def verify(bin_folder, results):
    with servers(bin_folder, "postgres") as (folder, env):
        postgres = Postgres(env)
        env["CDC_SOURCE"] = env["CDC_TEST_POSTGRES_URL"]
        postgres.sql(ORDERS, FILL.format(rows=ROWS), "VACUUM ANALYZE orders", "CHECKPOINT")

        say(f"snapshot-chdb: {ROWS} rows from PostgreSQL into the embedded engine")
        runs, memory = [], {"snapshot": 0, "load": 0}
        for number in range(ROUNDS):
            if number > 0:
                (folder / "target").rename(folder / f"target_{number}")
            state = folder / f"state_{number}"
            slot = f"--slot bench_{number} --publication bench"
            meters = {tool: folder / f"{tool}.rss" for tool in memory}
            snapshot = metered(f"cdc-snapshot {slot} --create --checkpoint {state}", meters["snapshot"])
            load = metered(f"cdc-load --target chdb:{folder}/target --checkpoint {state}", meters["load"])
            runs.append(timed(f"{snapshot} | {load}", env))
            say(f"round {number + 1}: {runs[-1].wall:.2f} s")
            for tool, path in meters.items():
                memory[tool] = max(memory[tool], float(path.read_text()))
            if number + 1 < ROUNDS: # the last one fills what is verified
                postgres.sql(f"SELECT pg_drop_replication_slot('bench_{number}')")
        results.add("snapshot-chdb", ROWS / median(r.wall for r in runs), "rows/s")
        results.add("memory-snapshot-chdb-cdc-snapshot", memory["snapshot"], "MB")
        results.add("memory-snapshot-chdb-cdc-load", memory["load"], "MB")

        say(f"verify: {ROWS} equal rows")
        env["CDC_TARGET"] = f"chdb:{folder}/target"
        # Parts that are still being merged would make the first rounds slower than the last.
        chdb = ROOT / "scripts" / "chdb.py"
        subprocess.run([chdb, folder / "target", "OPTIMIZE TABLE orders_raw FINAL"], env=env, check=True)
        ours = "exec cdc-verify --tables public.orders --no-wait"
        md5 = ("exec psql -X -q -At -d \"$CDC_SOURCE\" "
               "-c 'SELECT sum(hashtext(md5(t::text))) FROM orders t'")
        for warm in (ours, md5):
            timed(warm, env)
        mine, other = pairs(lambda _: timed(ours, env), lambda _: timed(md5, env), ROUNDS)
        add_rates(results, "verify-equal", ROWS, mine, other, "md5 of every row", ">=1.5")
        results.add("memory-cdc-verify", max(r.rss_mb for r in mine), "MB")

        looks = [timed(f"exec cdc-lag --checkpoint {state}", env) for _ in range(ROUNDS)]
        results.add("lag", median(r.wall for r in looks), "s")
        results.add("memory-cdc-lag", max(r.rss_mb for r in looks), "MB")


def verify_mysql(bin_folder, results):
    """The same of MySQL, against MD5() of every row in the server."""
    with servers(bin_folder, "mysql") as (folder, env):
        mysql = Mysql(env)
        state = f"{folder}/state"
        pipe = (f"cdc-capture --source '{mysql.url}' --checkpoint {state} --exit-at-end | "
                f"cdc-load --target chdb:{folder}/target --checkpoint {state}")
        subprocess.run(pipe, shell=True, env=env, check=True)
        say(f"verify-mysql: {ROWS} equal rows")
        mysql.sql(MYSQL_ORDERS, MYSQL_FILL.format(rows=ROWS))
        subprocess.run(pipe, shell=True, env=env, check=True)
        chdb = ROOT / "scripts" / "chdb.py"
        subprocess.run([chdb, f"{folder}/target", "OPTIMIZE TABLE orders_raw FINAL"], env=env, check=True)
        ours = f"exec cdc-verify --source '{mysql.url}' --target chdb:{folder}/target --no-wait"
        md5 = (f"exec {mysql.client} -e \"SELECT BIT_XOR(CRC32(MD5(CONCAT_WS('#', id, customer, product, "
               "quantity, price, status, note, created_at)))) FROM orders\"")
        for warm in (ours, md5):
            timed(warm, env)
        mine, other = pairs(lambda _: timed(ours, env), lambda _: timed(md5, env), ROUNDS)
        add_rates(results, "verify-mysql", ROWS, mine, other, "MD5 of every row", ">=1.5")
        results.add("memory-cdc-verify-mysql", max(r.rss_mb for r in mine), "MB")


def verify_keys(bin_folder, results):
    """--keys-from: the cost follows the changed keys, which lie all over the table."""
    rows = int(os.environ.get("CDC_BENCH_KEYS_ROWS", str(10 * ROWS)))
    with servers(bin_folder, "postgres") as (folder, env):
        postgres = Postgres(env)
        env["CDC_SOURCE"] = env["CDC_TEST_POSTGRES_URL"]
        env["CDC_TARGET"] = f"chdb:{folder}/target"
        say(f"verify-keys: keys of {rows} rows")
        postgres.sql("CREATE TABLE big (id bigint PRIMARY KEY, q int, note text)",
                     f"INSERT INTO big SELECT g, g % 1000, 'note of ' || g FROM generate_series(1, {rows}) g",
                     "VACUUM ANALYZE big", "CHECKPOINT")
        subprocess.run("cdc-snapshot | cdc-load", shell=True, env=env, check=True)
        sys.path.insert(0, str(ROOT / "tests" / "live"))
        import load_lines
        for count in (1000, 100_000):
            keys = folder / f"keys_{count}"
            with keys.open("w") as out:
                for number in random.Random(count).sample(range(1, rows + 1), count):
                    line = load_lines.change("u", "big", {"id": number}, 16, number, after={"id": number})
                    print(line.replace('"db":"inventory","schema":"inventory"', '"db":"postgres","schema":"public"'),
                          file=out)
            command = f"exec cdc-verify --tables public.big --no-wait --keys-from {keys}"
            timed(command, env)
            runs = [timed(command, env) for _ in range(ROUNDS)]
            results.add(f"verify-keys-{count}-of-{rows // 1_000_000}M", median(r.wall for r in runs), "s", target="<=5")
        results.add("memory-verify-keys", max(r.rss_mb for r in runs), "MB")


WORKS = {"verify-equal": verify, "verify-mysql": verify_mysql, "verify-keys": verify_keys}
