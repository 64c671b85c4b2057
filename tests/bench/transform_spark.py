"""cdc-transform against Spark Structured Streaming: revenue of each minute, over the same topic of items that are only inserted.

Spark is scripts/spark/job.py: windows with a watermark, from the topic's begin to its end, in batches. Its first batch counts
nowhere, nor does what it needs before it: that is its start-up. Ours are processes that start, read the topic from its begin
to its end, and keep the SELECT current: their start-up counts. Both write the minutes to a topic; those that Spark has closed
must be the same in both.

CDC_BENCH_SPARK_EVENTS (1000000), CDC_BENCH_SPARK_HEAP (512m), CDC_BENCH_SPARK_BATCH (200000).
"""
import json
import os
import shutil
import subprocess
import time
from decimal import Decimal

from engines import KAFKA_CONF, PARTITIONS, add_rows, fetched, kcat, publish, run_ours, used
from harness import FEW_ROUNDS, ROOT, Run, pairs, say, servers
from join_lines import Lines, mixed

EVENTS = int(os.environ.get("CDC_BENCH_SPARK_EVENTS", "1000000"))
HEAP = os.environ.get("CDC_BENCH_SPARK_HEAP", "512m")
BATCH = int(os.environ.get("CDC_BENCH_SPARK_BATCH", "200000"))
A_MINUTE = 500 # events
VIEWS = """CREATE VIEW revenue_by_minute KEY (minute) AS
SELECT date_trunc('minute', created_at) AS minute, sum(quantity) AS units, sum(quantity * price) AS revenue
FROM order_items GROUP BY date_trunc('minute', created_at);
"""
COLUMNS = {"order_items": [("id", "integer"), ("order_id", "integer"), ("product_id", "integer"), ("quantity", "integer"),
                           ("price", "numeric(10,2)"), ("created_at", "timestamp(6) without time zone")]}


def item(number):
    """Its time is up to five minutes off the others' around it: within the watermark."""
    drawn = mixed(number)
    second = number * 60 // A_MINUTE + drawn % 300
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1763700000 + second))
    return (f'{{"id":{number},"order_id":{number // 3},"product_id":{drawn % 1000},"quantity":{1 + drawn % 5},'
            f'"price":"{1 + drawn % 99}.{drawn % 90 + 10}","created_at":"{at}.{drawn % 900000 + 100000}"}}')


def write_events(path):
    lines = Lines(path, 1000, COLUMNS, "inventory")
    lines.table("order_items")
    for number in range(1, EVENTS + 1):
        lines.change("order_items", "c", number, "null", item(number), number)
        if number % 100_000 == 0 or number == EVENTS:
            lines.checkpoint()
    lines.file.close()


class Spark:
    def __init__(self, env):
        self.python = f"{fetched('spark', '$spark_home')}/bin/python3"
        self.env = dict(env, SPARK_KAFKA_JARS=fetched("spark", "$(spark_jars)"), PYSPARK_PYTHON=self.python)

    def windows(self, folder):
        """Time without the first batch, for as many events; CPU seconds, of the start too, and memory, with Python beside it."""
        shutil.rmtree(folder / "spark", ignore_errors=True)
        words = ["windows", "--brokers", self.env["CDC_TEST_KAFKA_BROKERS"], "--folder", folder / "spark", "--slow", str(BATCH),
                 "--memory", HEAP]
        with open(folder / "spark.log", "w", encoding="utf-8") as log, \
                subprocess.Popen([self.python, ROOT / "scripts" / "spark" / "job.py", *words], env=self.env, stdout=subprocess.PIPE,
                                 stderr=log, text=True) as process:
            memory = cpu = 0
            while process.poll() is None:
                memory, cpu = (max(most, now) for most, now in zip((memory, cpu), used(process.pid)))
                time.sleep(0.2)
            batches = [tuple(map(int, line.split())) for line in process.stdout]
        if process.returncode != 0:
            raise SystemExit(f"Spark failed: {(folder / 'spark.log').read_text()[-3000:]}")
        share = sum(rows for rows, _ in batches[1:]) / EVENTS
        return Run(sum(ms for _, ms in batches[1:]) / 1000 / share, cpu, memory)


def minutes(brokers, topic):
    """The last value of each minute."""
    records = kcat(brokers, "-C", "-t", topic, "-o", "beginning", "-e", "-f", "%s\n").splitlines()
    rows = [json.loads(record, parse_float=Decimal) for record in records]
    return {row["minute"][:16]: (int(row["units"]), Decimal(row["revenue"])) for row in rows}


def transform_spark(bin_folder, results):
    say(f"transform-spark: {EVENTS} events, {A_MINUTE} a minute")
    with servers(bin_folder, "kafka", kafka_conf=KAFKA_CONF) as (folder, env):
        brokers = env["CDC_TEST_KAFKA_BROKERS"]
        (folder / "views.sql").write_text(VIEWS)
        write_events(folder / "events")
        publish(folder, env, "events", "ecommerce")
        spark = Spark(env)
        topics = "'^ecommerce[.](inventory[.]|snapshots)'"
        mine, other = pairs(lambda n: run_ours(folder, env, "ecommerce", f"ours{n}", topics, "--empty 'inventory.*'"),
                            lambda _: spark.windows(folder), FEW_ROUNDS)
        ours, closed = minutes(brokers, "ours0.views.revenue_by_minute"), minutes(brokers, "ecommerce.spark.revenue_by_minute")
        wrong = [minute for minute, row in closed.items() if ours.get(minute) != row]
        if wrong or len(closed) < len(ours) - 20:
            raise SystemExit(f"of {len(ours)} minutes Spark has {len(closed)}, and {len(wrong)} are others: {wrong[:3]}")
        say(f"Spark has {len(closed)} of {len(ours)} minutes, all the same")
    add_rows(results, "transform-spark", mine, other, EVENTS, "events/s", "Spark 3.5")


BY_NAME = {"transform-spark": transform_spark}
