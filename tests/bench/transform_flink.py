"""cdc-transform against Flink SQL: a join of three tables kept current, over the same topics, in catch-up.

Both have read the base when the clock starts. Then in each round changes are published, and each in turn goes through all
of them and writes the changed rows to a topic. Ours are processes that start, go on where they were, and end at the topics'
ends: their start-up counts. Flink is one process with all its state in it and its code warm: it is stopped (SIGSTOP) while
changes are published and ours run, then continued; from there to the last record of its topic is its time. So its start-up
counts nowhere. At the end both topics must have the same rows.

CDC_BENCH_TRANSFORM_ROWS (1000000), CDC_BENCH_FLINK_CHANGES (500000) of a round; CDC_BENCH_FLINK_HEAP (2500m) and
CDC_BENCH_FLINK_SET, 'NAME=VALUE' separated by blanks, are of Flink.
"""
import os
import pathlib
import signal
import subprocess
import time

from engines import (KAFKA_CONF, PARTITIONS, add_rows, fetched, last_append, publish, records_of, rows_of, run_ours, used, wait_until_quiet)
from harness import FEW_ROUNDS, ROOT, Run, pairs, say, servers
from join_lines import VIEWS, Shop

ROWS = int(os.environ.get("CDC_BENCH_TRANSFORM_ROWS", "1000000"))
CHANGES = int(os.environ.get("CDC_BENCH_FLINK_CHANGES", "500000"))
HEAP = os.environ.get("CDC_BENCH_FLINK_HEAP", "2500m")
SETTINGS = {"parallelism.default": str(PARTITIONS), "pipeline.object-reuse": "true", "heartbeat.timeout": "3600000",
            **dict(word.split("=", 1) for word in os.environ.get("CDC_BENCH_FLINK_SET", "").split())}
TOPICS = "'^b[.](public[.]|snapshots)'"
TOPIC, OURS = "b.flink.details", "ours.views.details"


class Flink:
    """The job of cdc-transform --print-flink-sql in a process of its own."""

    def __init__(self, folder, env):
        self.brokers = env["CDC_TEST_KAFKA_BROKERS"]
        home = fetched("flink", "$flink_home")
        subprocess.run(["javac", "-cp", f"{home}/libs/*", "-d", folder / "classes", ROOT / "scripts" / "flink" / "Job.java"], check=True)
        tables = (f"cdc-consume --brokers {self.brokers} --topics b.snapshots --prefix b --exit-at-end --log-level error | "
                  f"cdc-transform --views {folder}/views.sql --print-flink-sql --brokers {self.brokers}")
        job = subprocess.run(["bash", "-c", tables], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
        settings = "".join(f"SET '{name}' = '{value}';\n" for name, value in SETTINGS.items())
        (folder / "job.sql").write_text(job.replace("SET 'table.local-time-zone'", f"{settings}SET 'table.local-time-zone'"))
        opens = [f"--add-opens=java.base/java.{part}=ALL-UNNAMED" for part in ("util", "lang", "nio")]
        self.log = open(folder / "flink.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["java", *opens, f"-Xmx{HEAP}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{folder}/classes:{home}/libs/*",
             "Job", folder / "job.sql"], stdout=self.log, stderr=self.log, cwd=folder)

    def alive(self):
        if self.process.poll() is not None:
            say(pathlib.Path(self.log.name).read_text(encoding="utf-8")[-3000:])
        return self.process.returncode is None

    def stop(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def used(self):
        return used(self.process.pid)

    def go_on(self):
        """Through all that lies in the topics, to the last record that it writes; then it is stopped again."""
        before, (_, cpu), start = records_of(self.brokers, TOPIC), self.used(), time.time()
        os.kill(self.process.pid, signal.SIGCONT)
        wait_until_quiet(self.brokers, TOPIC, before, self)
        self.stop()
        memory, cpu_now = self.used()
        return Run(last_append(self.brokers, TOPIC) - start, cpu_now - cpu, memory)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def transform_flink(bin_folder, results):
    say(f"transform-flink: {ROWS} base rows, {CHANGES} changes a round")
    with servers(bin_folder, "kafka", kafka_conf=KAFKA_CONF) as (folder, env):
        brokers = env["CDC_TEST_KAFKA_BROKERS"]
        (folder / "views.sql").write_text(VIEWS)
        shop = Shop(ROWS)
        shop.write_base(folder / "base")
        publish(folder, env, "base", "b")
        base = run_ours(folder, env, "b", "ours", TOPICS)
        flink = Flink(folder, env)
        try:
            wait_until_quiet(brokers, TOPIC, 0, flink)
            memory, cpu = flink.used()
            say(f"the base: ours {base.cpu:.1f} CPU s and {base.rss_mb:.0f} MB; Flink {cpu:.1f} CPU s and {memory:.0f} MB")

            def ours(_):
                flink.stop()
                shop.write_changes(folder / "changes", 100_000, CHANGES, whole=True)
                publish(folder, env, "changes", "b")
                return run_ours(folder, env, "b", "ours", TOPICS)

            mine, other = pairs(ours, lambda _: flink.go_on(), FEW_ROUNDS)
        finally:
            flink.end()
        same = [rows_of(brokers, topic) for topic in (OURS, TOPIC)]
        if same[0] != same[1]:
            raise SystemExit(f"ours has {same[0][0]} rows, Flink {same[1][0]}, or they differ")
        say(f"both have the same {same[0][0]} rows")
    mine = [Run(run.wall, run.cpu, max(run.rss_mb, base.rss_mb)) for run in mine] # the peer's is of its whole life as well
    add_rows(results, "transform-flink", mine, other, CHANGES, "changes/s", "Flink SQL 2.2", ">=5.0", "<=0.1")


WORKS = {"transform-flink": transform_flink}
