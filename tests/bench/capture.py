"""cdc-capture against pg_recvlogical over the same changes, both to /dev/null; of MySQL, rows/s on one core."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import threading
import time

from harness import FEW_ROUNDS, FILL, ORDERS, ROUNDS, Mysql, Postgres, Run, add_rates, median, pairs, say, servers, timed

ROWS = int(os.environ.get("CDC_BENCH_ROWS", "2000000"))


def capture_pair(bin_folder, ddl, fill):
    """(ours, peer) runs over the same changes of one slot, each from a copy of it."""
    with servers(bin_folder, "postgres") as (_, env):
        postgres = Postgres(env)
        postgres.sql(ddl)
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
    mine, other = capture_pair(bin_folder, ORDERS, lambda pg, env: pg.sql(FILL.format(rows=ROWS)))
    add_rates(results, "capture-postgres", ROWS, mine, other, "pg_recvlogical", ">=0.95")
    results.add("memory-cdc-capture", max(r.rss_mb for r in mine), "MB", target="<=64")


def last_row(command, mark, env, begun):
    """A run from the time that begun() gives until `mark` came out of the command."""
    process = subprocess.Popen(["bash", "-c", f"exec {command}"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    seen = {}

    def read():
        # Into one buffer: this reader must not be what a fast command waits for.
        keep = len(mark)
        room = bytearray(keep + (1 << 18))
        place = memoryview(room)[keep:]
        while got := os.readv(process.stdout.fileno(), [place]):
            if room.find(mark, 0, keep + got) >= 0:
                break
            room[:keep] = room[got:got + keep]
        seen["at"] = time.monotonic()

    reader = threading.Thread(target=read)
    reader.start()
    start = begun()
    reader.join()
    process.kill()
    process.wait()
    return Run(seen["at"] - start, 0, 0)


def capture_in_progress(bin_folder, results):
    """From a commit to its last row. Whoever waits for the commit has all of the decoding behind it.

    Of a transaction of as many statements as rows, as a job of a client or of a procedure is, and of a single INSERT ...
    SELECT. This one writes faster than the walsender decodes, which has a part of its work left at the commit: so much,
    that is the server's own, no receiver can take from it. Both by the server's socket: over TCP the walsender, which sends
    each change by itself, is behind sooner.
    """
    each = re.sub(r"SELECT (.*)\s+FROM generate_series\(1, {rows}\) g", r"VALUES (\1)", FILL, flags=re.S)
    in_progress(bin_folder, results, "capture-in-progress", f"{ROWS} INSERT statements",
                f"DO $$ BEGIN FOR g IN 1..{ROWS} LOOP {each}; END LOOP; END $$")
    in_progress(bin_folder, results, "capture-in-progress-one-statement", f"one INSERT of {ROWS} rows", FILL.format(rows=ROWS))


def in_progress(bin_folder, results, name, what, fill):
    say(f"{name}: the commit of a transaction of {what}, to its last row")
    with servers(bin_folder, "postgres") as (_, env):
        postgres = Postgres(env)
        postgres.sql(ORDERS)
        postgres.sql("CREATE PUBLICATION bench FOR ALL TABLES")
        source = postgres.socket_url()

        def commit():
            """When the transaction of all rows committed."""
            session = subprocess.Popen(["psql", "-X", "-q", "-At", "-d", source], env=env, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)

            def said(text):
                session.stdin.write(text + "\n\\echo said\n")
                session.stdin.flush()
                session.stdout.readline()

            said("BEGIN;")
            said(fill + ";")
            said("INSERT INTO orders (customer, product, note) VALUES (1, 1, 'the row that is last');")
            start = time.monotonic()
            said("COMMIT;")
            session.stdin.close()
            session.wait()
            return start

        def run(command, slot):
            postgres.sql(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
            out = last_row(command, b"the row that is last", env, commit)
            spilt = postgres.sql(f"SELECT spill_bytes FROM pg_stat_replication_slots WHERE slot_name = '{slot}'")
            while postgres.sql(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}'") == "t":
                time.sleep(0.1)
            postgres.sql(f"SELECT pg_drop_replication_slot('{slot}')", "TRUNCATE orders")
            spills[slot.split("_")[0]] = int(spilt)
            return out

        spills = {}
        mine, other = pairs(
            lambda n: run(f"cdc-capture --source '{source}' --slot ours_{n} --publication bench --peek", f"ours_{n}"),
            lambda n: run(f"pg_recvlogical -d '{source}' --slot peer_{n} --start -f - -o proto_version=1 "
                          "-o publication_names=bench --no-loop", f"peer_{n}"), ROUNDS)
        ours, peer = (median(r.wall for r in runs) for runs in (mine, other))
        results.rounds = len(mine)
        results.add(name, ours, "s", "pg_recvlogical", peer, ours / peer, "<=0.25")
        results.add(f"{name}-spill", spills["ours"] / 2**20, "MB", "pg_recvlogical", spills["peer"] / 2**20)


def capture_postgres_small(bin_folder, results):
    count = ROWS // 10
    say(f"capture-postgres-small: {count} transactions of two changes")

    def fill(postgres, env):
        script = pathlib.Path(env["CDC_SERVICES_DIR"]) / "small.sql"
        script.write_text("BEGIN;\n" + FILL.format(rows=1) + " RETURNING id \\gset\n"
                          "UPDATE orders SET quantity = quantity + 1 WHERE id = :id;\nEND;\n")
        subprocess.run(["pgbench", "-n", "-c", "4", "-t", str(count // 4), "-f", script, "-M",
                        "prepared", postgres.url], env=env, check=True, capture_output=True)

    mine, other = capture_pair(bin_folder, ORDERS, fill)
    add_rates(results, "capture-postgres-small", 2 * count, mine, other, "pg_recvlogical", ">=0.95",
              "changes/s")


def capture_slots(bin_folder, results):
    """Two halves of the tables, each of a slot and a capture of its own, against one capture of all tables.

    Two such pipes keep four processors busy. What one of them does alone needs two, and is as much as two can gain;
    a slot of no table shows the part that each slot does again: it reads the whole log.
    """
    say(f"capture-two-slots: {ROWS} inserts into two tables, one slot and two")
    with servers(bin_folder, "postgres") as (_, env):
        postgres = Postgres(env)
        postgres.sql(ORDERS, *[ORDERS.replace("orders", name) for name in ("orders_2", "orders_3")], "CREATE PUBLICATION both_tables FOR ALL TABLES",
                     "CREATE PUBLICATION first FOR TABLE orders", "CREATE PUBLICATION second FOR TABLE orders_2",
                     "CREATE PUBLICATION no_rows FOR TABLE orders_3",
                     "SELECT pg_create_logical_replication_slot('base', 'pgoutput')")
        for table in ("orders", "orders_2"):
            postgres.sql(FILL.format(rows=ROWS // 2).replace("orders", table))
        postgres.sql("CHECKPOINT")
        end = postgres.sql("SELECT pg_current_wal_flush_lsn()")

        def capture(name, publication):
            postgres.sql(f"SELECT pg_copy_logical_replication_slot('base', '{name}')")
            return (f"cdc-capture --source '{env['CDC_TEST_POSTGRES_URL']}' --slot {name} --publication {publication} "
                    f"--prefix bench --peek --until-position {end}")

        def dropped(run, *names):
            for name in names:
                postgres.sql(f"SELECT pg_drop_replication_slot('{name}')")
            return run

        def two(n):
            lines = [capture(f"{half}_{n}", half) for half in ("first", "second")]
            return dropped(timed(f"{lines[0]} & {lines[1]} && wait $!", env), f"first_{n}", f"second_{n}")

        def one(n, publication="both_tables"):
            return dropped(timed(f"exec {capture(f'one_{n}', publication)}", env), f"one_{n}")

        mine, other = pairs(two, one, ROUNDS)
        add_rates(results, "capture-two-slots", ROWS, mine, other, "one slot", ">=1.7")
        mine, other = pairs(lambda n: one(n, "first"), one, FEW_ROUNDS)
        add_rates(results, "capture-slot-of-half", ROWS, mine, other, "of all tables")
        none = median(one(n, "no_rows").wall for n in range(results.rounds))
        results.add("capture-slot-of-none", ROWS / none, "rows/s", "of all tables", ROWS / median(run.wall for run in other),
                    median(run.wall for run in other) / none)


def looks(bin_folder, results):
    """What looking at the catalog costs, here and at the source: as the server logs its statements."""
    tables, seconds = 10000, 25
    say(f"looks: {tables} tables of eight columns")
    conf = "fsync=off\nautovacuum=off\nlog_min_duration_statement=0\nmax_locks_per_transaction=256"
    with servers(bin_folder, "postgres", conf=conf) as (_, env):
        postgres = Postgres(env)
        postgres.sql("CREATE PUBLICATION bench FOR ALL TABLES")
        for first in range(0, tables, 500):
            make = ORDERS.replace("TABLE orders", "TABLE orders_%s").replace("'", "''")
            postgres.sql(f"DO $$ BEGIN FOR i IN {first}..{first + 499} LOOP EXECUTE "
                         f"format('{make}', i); END LOOP; END $$")
        postgres.sql("VACUUM ANALYZE pg_class, pg_attribute",
                     "SELECT pg_create_logical_replication_slot('bench', 'pgoutput')")
        log = pathlib.Path(env["CDC_SERVICES_DIR"]) / "postgres" / "log"
        start = log.stat().st_size
        line = ("exec cdc-capture --source $CDC_TEST_POSTGRES_URL --slot bench --publication bench "
                f"--prefix bench --peek --until-idle {seconds}s")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            running = pool.submit(timed, line, env)
            time.sleep(seconds / 3)
            postgres.sql("ALTER TABLE orders_5 ADD x int") # all facts are read once more
            run = running.result()
        with log.open(errors="replace") as text:
            text.seek(start)
            took = re.findall(r"duration: ([\d.]+) ms  (?:statement|execute [^:]*): \s*(WITH RECURSIVE pub|"
                              r"SELECT (?=(?:(?!duration:).)*?, md5\(concat_ws))", text.read(), re.S)
    one, all_facts = ([float(ms) for ms, what in took if what.startswith(start)]
                      for start in ("SELECT", "WITH"))
    results.add("looks-10000-tables", median(one), "ms")
    results.add("facts-10000-tables", median(all_facts), "ms")
    results.add("memory-looks-10000", run.rss_mb, "MB", target="<=100")


def capture_mysql(bin_folder, results):
    """Six columns, one transaction, events of many rows. One core: by the CPU time of the tool."""
    say(f"capture-mysql: one transaction of {ROWS} inserts")
    with servers(bin_folder, "mysql") as (_, env):
        mysql = Mysql(env)
        mysql.sql("CREATE TABLE items (id bigint PRIMARY KEY, customer int NOT NULL, price decimal(12,2), status varchar(10), "
                  "note varchar(40), at datetime(6))")
        start = ":".join(mysql.sql("SHOW MASTER STATUS").split("\t")[:2])
        mysql.sql("SET SESSION cte_max_recursion_depth = 1000000000", "INSERT INTO items WITH RECURSIVE numbers (g) AS "
                  f"(SELECT 1 UNION ALL SELECT g + 1 FROM numbers WHERE g < {ROWS}) SELECT g, 1 + g % 5000, "
                  "ROUND((g % 100000) * 0.37, 2), ELT(1 + g % 4, 'new', 'paid', 'sent', 'done'), CONCAT('note of order ', g), "
                  "NOW(6) FROM numbers")
        line = f"exec cdc-capture --source '{mysql.url}' --from-position {start} --exit-at-end"
        timed(line, env)
        runs = [timed(line, env) for _ in range(ROUNDS)]
        results.add("capture-mysql", ROWS / median(r.cpu for r in runs), "rows/CPU s", target=">=1000000")
        results.add("capture-mysql-wall", ROWS / median(r.wall for r in runs), "rows/s")
        results.add("memory-cdc-capture-mysql", max(r.rss_mb for r in runs), "MB", target="<=64")


WORKS = {"capture-postgres": capture_postgres, "capture-in-progress": capture_in_progress,
         "capture-postgres-small": capture_postgres_small,
         "capture-two-slots": capture_slots, "capture-mysql": capture_mysql}
BY_NAME = {"looks": looks}
