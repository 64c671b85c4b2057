"""cdc-transform: a join of three tables kept current, in catch-up, by the size of its cuts.

The lines are made here, so that nothing but the tool is measured: a snapshot of the orders, a tenth as
many customers and 1,000 products, then changes of orders (70 % updates, 20 % inserts, 10 % deletes; 5 % of
the updates change the customer), with a checkpoint line behind every 10, 1,000 or 100,000 of them.
"""
import json
import os
import random
import shutil

from harness import ROUNDS, median, say, servers, timed

ROWS = int(os.environ.get("CDC_BENCH_TRANSFORM_ROWS", "1000000"))
SIZES = {10: 2_000, 1_000: 100_000, 100_000: 1_000_000} # changes of a cut: changes in all

VIEWS = """CREATE VIEW details KEY (id) AS
SELECT o.id, o.quantity, o.amount, c.name, p.title
FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id;
"""

COLUMNS = {
    "orders": [("id", "bigint"), ("customer_id", "integer"), ("product_id", "integer"), ("quantity", "integer"),
               ("amount", "numeric(12,2)")],
    "customers": [("id", "integer"), ("name", "text")],
    "products": [("id", "integer"), ("title", "text")],
}


def order_of(position, index=0):
    return f"0001{position:016x}{index:012x}"


class Lines:
    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii")
        self.position = 1000

    def source(self, table, index=0):
        return (f'{{"version":"0","connector":"postgresql","name":"b","ts_ms":1763709000000,"snapshot":"false",'
                f'"db":"b","sequence":"[\\"1\\",\\"2\\"]","schema":"public","table":"{table}","txId":733,'
                f'"lsn":22069688,"xmin":null,"order":"{order_of(self.position, index)}"}}')

    def write(self, text):
        self.file.write(text + "\n")

    def table(self, table):
        columns = [{"name": name, "type": kind, "nullable": name != "id", "number": number,
                    **({"key": 1} if name == "id" else {}),
                    **({"precision": 12, "scale": 2} if kind.startswith("numeric") else {})}
                   for number, (name, kind) in enumerate(COLUMNS[table], 1)]
        self.write(f'{{"table":{{"name":"public.{table}","version":"v","columns":{json.dumps(columns)}}},'
                   f'"source":{self.source(table)},"ts_ms":1}}')

    def snapshot(self, table, status):
        self.write(f'{{"snapshot":{{"status":"{status}","whole":true}},"source":{self.source(table)},"ts_ms":1}}')

    def change(self, table, op, row, index=0):
        key = f'{{"id":{row["id"]}}}'
        after = "null" if op == "d" else json.dumps(row, separators=(",", ":"))
        self.write(f'{{"key":{key},"before":{key if op == "d" else "null"},"after":{after},'
                   f'"source":{self.source(table, index)},"op":"{op}","ts_ms":1763709000123}}')

    def checkpoint(self):
        self.position += 1000
        self.write(f'{{"checkpoint":{{"v":1,"kind":"postgres","server":"1","database":"b","slot":"b","position":'
                   f'"0/{self.position:X}","order":"{order_of(self.position)}","commit_ts_ms":1763709000000,'
                   f'"snapshot":null}},"ts_ms":1763709000123}}')


def an_order(number, rng):
    return {"id": number, "customer_id": rng.randrange(ROWS // 10), "product_id": rng.randrange(1000),
            "quantity": rng.randrange(1, 9), "amount": f"{rng.randrange(1, 10 ** 6) / 100:.2f}"}


def write_base(path):
    rng = random.Random(1)
    lines = Lines(path)
    rows = {"orders": (an_order(number, rng) for number in range(ROWS)),
            "customers": ({"id": number, "name": f"customer {number}"} for number in range(ROWS // 10)),
            "products": ({"id": number, "title": f"product {number}"} for number in range(1000))}
    for table, them in rows.items():
        lines.table(table)
        lines.snapshot(table, "begin")
        for row in them:
            lines.change(table, "r", row)
        lines.snapshot(table, "end")
    lines.checkpoint()
    lines.file.close()


def write_changes(path, size, count):
    rng = random.Random(size)
    lines = Lines(path)
    lines.position = 2000
    for table in COLUMNS:
        lines.table(table)
    top = ROWS
    for number in range(1, count + 1):
        kind = rng.random()
        if kind < 0.2:
            lines.change("orders", "c", an_order(top, rng), number)
            top += 1
        elif kind < 0.3:
            lines.change("orders", "d", {"id": rng.randrange(top)}, number)
        else:
            lines.change("orders", "u", an_order(rng.randrange(top), rng), number)
        if number % size == 0:
            lines.checkpoint()
    lines.file.close()


def transform(bin_folder, results):
    with servers(bin_folder) as (folder, env):
        (folder / "views.sql").write_text(VIEWS)
        say(f"transform: {ROWS} base rows")
        write_base(folder / "base")
        tool = f"exec cdc-transform --views {folder}/views.sql --ack on-write --log-level warning"
        filled = timed(f"{tool} --state {folder}/state <{folder}/base", env)
        results.add("transform-snapshot", ROWS * 1.1 / filled.wall, "rows/s")
        for size, count in SIZES.items():
            write_changes(folder / "changes", size, count)
            runs = []
            for number in range(ROUNDS):
                shutil.rmtree(folder / "run", ignore_errors=True)
                shutil.copytree(folder / "state", folder / "run")
                runs.append(timed(f"{tool} --state {folder}/run <{folder}/changes", env))
                say(f"round {number + 1}, cuts of {size}: {runs[-1].wall:.2f} s, {runs[-1].rss_mb:.0f} MB")
            wall = median(run.wall for run in runs)
            results.add(f"transform-cuts-of-{size}", count / wall, "changes/s")
            results.add(f"transform-cut-of-{size}", wall / (count / size) * 1000, "ms")
            results.add(f"memory-cdc-transform-{size}", max(run.rss_mb for run in runs), "MB")


WORKS = {"transform": transform}
