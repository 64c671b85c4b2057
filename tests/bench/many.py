"""Many tables: a snapshot's first line, a capture's restart, and cdc-load's flush when all change at once."""
import os
import re
import signal
import subprocess
import sys
import time

from harness import FEW_ROUNDS, ROOT, ROUNDS, Mysql, Postgres, median, say, servers

TABLES = int(os.environ.get("CDC_BENCH_TABLES", "10000"))
LOADED = 200

FILL = """DO $$ BEGIN FOR i IN {first}..{last} LOOP
    EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, q int, note text)', lpad(i::text, 5, '0'));
    EXECUTE format('INSERT INTO t%s VALUES (1, 1, ''one'')', lpad(i::text, 5, '0'));
END LOOP; END $$"""


def until(command, env, is_it):
    """Seconds to the first line that `is_it`, and the largest RSS (MB) up to there."""
    started = time.monotonic()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for line in process.stdout:
            if is_it(line):
                break
        else:
            raise SystemExit(f"no such line of {command}")
        wall = time.monotonic() - started
        with open(f"/proc/{process.pid}/status") as status:
            rss = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
        process.send_signal(signal.SIGKILL)
    return wall, rss


def add(results, work, runs, target):
    results.add(work, median(wall for wall, _ in runs), "s", target=target)
    results.add(f"memory-{work}", max(rss for _, rss in runs), "MB", target="<=100")


def many_tables(bin_folder, results):
    say(f"many-tables: PostgreSQL, {TABLES} tables")
    with servers(bin_folder, "postgres", conf="synchronous_commit=off\nmax_wal_size=8GB") as (_, env):
        postgres = Postgres(env)
        source = env["CDC_TEST_POSTGRES_URL"]
        for first in range(1, TABLES + 1, 500):
            postgres.sql(FILL.format(first=first, last=min(first + 499, TABLES)))
        postgres.sql("VACUUM ANALYZE")
        snapshot = ["cdc-snapshot", "--source", source, "--log-level", "error"]
        add(results, "many-snapshot-postgres",
            [until(snapshot, env, lambda _: True) for _ in range(ROUNDS)], "<=10")
        capture = ["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench"]
        subprocess.run([*capture, "--create", "--exit-after-create"], env=env, check=True, stderr=subprocess.DEVNULL)
        postgres.sql("UPDATE t00001 SET q = 2", "CHECKPOINT")
        add(results, "many-restart-postgres",
            [until(capture, env, lambda line: b'"op":"u"' in line) for _ in range(ROUNDS)], "<=5")
    say(f"many-tables: MySQL, {TABLES} tables")
    with servers(bin_folder, "mysql") as (_, env):
        mysql = Mysql(env)
        mysql.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 0", "SET GLOBAL sync_binlog = 0",
                  *(f"CREATE TABLE t{i:05} (id bigint PRIMARY KEY, q int, note text); "
                    f"INSERT INTO t{i:05} VALUES (1, 1, 'one')" for i in range(1, TABLES + 1)))
        snapshot = ["cdc-snapshot", "--source", mysql.url, "--log-level", "error"]
        add(results, "many-snapshot-mysql", [until(snapshot, env, lambda _: True) for _ in range(ROUNDS)], "<=10")


def change_lines(folder):
    """A file of ten batches of five rows for each table, and the rows of a batch."""
    sys.path.insert(0, str(ROOT / "tests" / "live"))
    from load_lines import change, column, table
    columns = [column("id", "integer", False, 1), column("q", "integer"), column("note", "text")]
    path = folder / "lines"
    with path.open("w") as out:
        for t in range(LOADED):
            print(table(f"t{t:04}", columns, "v1"), file=out)
        for batch in range(10):
            for number in range(LOADED * 5):
                row = batch * 5 + number % 5
                print(change("c", f"t{number // 5:04}", {"id": row}, 16 + batch, number + 1,
                             after={"id": row, "q": batch, "note": f"note of {row}"}), file=out)
    return path, LOADED * 5


def many_load(bin_folder, results):
    say(f"many-load: {LOADED} tables change at once; seconds of a flush")
    with servers(bin_folder, "clickhouse") as (folder, env):
        lines, rows = change_lines(folder)

        def flush(target, jobs):
            done = subprocess.run(["cdc-load", "--target", target, "--batch-rows", str(rows), "--flush-interval", "1h",
                                   "--insert-jobs", str(jobs), "--log-level", "debug"], env=env, check=True,
                                  stdin=lines.open("rb"), stderr=subprocess.PIPE, text=True)
            return median(int(ms) / 1000 for ms in re.findall(rf"{rows} rows, \d+ bytes stored in (\d+) ms", done.stderr))

        for name, target in (("http", env["CDC_TEST_CLICKHOUSE_URL"]), ("chdb", f"chdb:{folder}/target")):
            flush(target, 4) # makes the tables
            one, four = [], []
            results.rounds = FEW_ROUNDS
            for _ in range(results.rounds): # ten flushes each
                four.append(flush(target, 4))
                one.append(flush(target, 1))
            results.add(f"many-load-{name}", median(four), "s", "one job", median(one), target="<=1")


WORKS = {"many-tables": many_tables, "many-load": many_load}
