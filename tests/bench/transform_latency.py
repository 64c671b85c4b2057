"""From a commit to the view's line out of cdc-transform, at 1,000 changes a second: a join of three tables in PostgreSQL.

Changes are of orders: 70 % updates, 20 % inserts, 10 % deletes, each a transaction. Each order has the time at which it was
written, the view has it too, and it is held against the time at which the line is read. transform-latency-10m, by its own name
alone, has ten times the base rows. Checkpoint lines come as fast as cuts are made: those that wait are one cut at once.

CDC_BENCH_TRANSFORM_ROWS (1000000), CDC_BENCH_LATENCY_SECONDS (20) make quick looks possible.
"""
import os
import re
import subprocess
import threading
import time

from harness import Postgres, say, servers
from join_lines import PRODUCTS
from visible import wait_for

ROWS = int(os.environ.get("CDC_BENCH_TRANSFORM_ROWS", "1000000"))
SECONDS = int(os.environ.get("CDC_BENCH_LATENCY_SECONDS", "20"))
RATE, CLIENTS = 1000, 4
# As a server is by default, see latency.py.
CONF = "synchronous_commit=on\nmax_wal_size=8GB\nautovacuum=off"

NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
TABLES = f"""CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE products (id int PRIMARY KEY, title text);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id int, product_id int, quantity int, amount numeric(12,2),
    written bigint DEFAULT {NOW});
INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(0, {{customers}} - 1) n;
INSERT INTO products SELECT n, 'product ' || n FROM generate_series(0, {PRODUCTS} - 1) n;
INSERT INTO orders (customer_id, product_id, quantity, amount, written)
    SELECT n * 7919 % {{customers}}, n * 31 % {PRODUCTS}, 1 + n % 8, n % 9999 + 0.5, 0 FROM generate_series(1, {{rows}}::bigint) n;
"""
VIEWS = """CREATE VIEW details KEY (id) AS
SELECT o.id, o.quantity, o.amount, o.written, c.name, p.title
FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id;
"""
LOAD = f"""\\set kind random(1, 100)
\\set id random(1, {{rows}})
\\set drawn random(1, 9999)
\\if :kind <= 70
UPDATE orders SET quantity = 1 + :drawn % 8, amount = :drawn, written = {NOW} WHERE id = :id;
\\elif :kind <= 90
INSERT INTO orders (customer_id, product_id, quantity, amount) VALUES (:drawn, :drawn % {PRODUCTS}, 1 + :drawn % 8, :drawn);
\\else
DELETE FROM orders WHERE id = :id;
\\endif
"""


class Reader(threading.Thread):
    """The last stage: acknowledges each checkpoint line, and notes how old each row is when it comes."""

    def __init__(self, stream, checkpoint):
        super().__init__(daemon=True)
        self.stream, self.checkpoint = stream, checkpoint
        self.ages, self.lines = [], 0

    def run(self):
        written = re.compile(rb'"after":{[^}]*"written":(\d+)')
        for line in self.stream:
            self.lines += 1
            if line.startswith(b'{"checkpoint"'):
                self.checkpoint.with_suffix(".new").write_bytes(line)
                self.checkpoint.with_suffix(".new").rename(self.checkpoint)
            elif (found := written.search(line)) and (at := int(found.group(1))):
                self.ages.append(time.time() - at / 1e6)

    def share(self, part):
        ages = sorted(self.ages)
        return ages[min(int(len(ages) * part), len(ages) - 1)]


def measure(bin_folder, results, name, rows, target):
    say(f"{name}: {RATE} changes a second over {rows} base rows, for {SECONDS} s")
    with servers(bin_folder, "postgres", conf=CONF) as (folder, env):
        postgres = Postgres(env)
        postgres.sql("SET synchronous_commit = off", TABLES.format(rows=rows, customers=max(rows // 10, 10000)))
        (folder / "views.sql").write_text(VIEWS)
        (folder / "load.sql").write_text(LOAD.format(rows=rows))
        source = f"--source {postgres.url} --slot latency --checkpoint {folder}/place --log-level warning"
        pipe = (f"{{ cdc-snapshot {source} --create && exec cdc-capture {source} --checkpoint-interval 100ms; }} | "
                f"exec cdc-transform --views {folder}/views.sql --state {folder}/state --checkpoint {folder}/place "
                f"--metrics {folder}/figures --merge-after 0s --log-level warning")
        process = subprocess.Popen(["bash", "-c", pipe], env=env, stdout=subprocess.PIPE, start_new_session=True)
        reader = Reader(process.stdout, folder / "place")
        reader.start()
        start = time.monotonic()
        wait_for(lambda: reader.lines > rows, 600)
        say(f"the view began after {time.monotonic() - start:.1f} s")

        def all_read():
            postgres.sql("UPDATE orders SET written = " + NOW + " WHERE id = 1")
            time.sleep(1)
            return reader.ages

        wait_for(all_read, 60)
        reader.ages.clear()
        subprocess.run(["pgbench", "-n", "-c", str(CLIENTS), "-R", str(RATE), "-T", str(SECONDS), "-f", folder / "load.sql", postgres.url],
                       env=env, check=True, capture_output=True)
        time.sleep(5)
        os.killpg(process.pid, 15)
        process.wait()
        reader.join()
        figures = (folder / "figures").read_text()
    # Three in four are updates and inserts of rows that are there.
    if len(reader.ages) < SECONDS * RATE * 0.75:
        raise SystemExit(f"only {len(reader.ages)} rows came: the machine is too busy for {RATE} a second")
    cuts, spent = (float(re.search(rf"^cdc_transform_cut_seconds_{part} (\S+)", figures, re.M).group(1)) for part in ("count", "sum"))
    say(f"{cuts:.0f} cuts, {spent / cuts * 1000:.0f} ms each")
    results.rounds = 1
    results.add(f"{name}-p50", reader.share(0.5), "s", target=target)
    results.add(f"{name}-p99", reader.share(0.99), "s")


def transform_latency(bin_folder, results):
    measure(bin_folder, results, "transform-latency", ROWS, "<=0.3")


def transform_latency_10m(bin_folder, results):
    measure(bin_folder, results, "transform-latency-10m", ROWS * 10, "<=0.3")


WORKS = {"transform-latency": transform_latency}
BY_NAME = {"transform-latency-10m": transform_latency_10m}
