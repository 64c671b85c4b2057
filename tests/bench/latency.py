"""From a commit to the row that is seen in ClickHouse, at 1,000 transactions a second: PostgreSQL and MySQL, through Kafka and not.

CDC_BENCH_LATENCY_SECONDS (20) makes quick looks possible.
"""
import multiprocessing
import os
import random
import subprocess
import time

from harness import Mysql, Postgres, say, servers
from kafka import ends
from visible import Watcher, wait_for

SECONDS = int(os.environ.get("CDC_BENCH_LATENCY_SECONDS", "20"))
RATE = 1000
CLIENTS = 4


class FromPostgres:
    # As a server is by default: an asynchronous commit reaches the log on disk, and so every reader of
    # it, up to 200 ms later (wal_writer_delay).
    service, schema, conf = "postgres", "public", "synchronous_commit=on\nmax_wal_size=8GB\nautovacuum=off"
    flush = 50

    def __init__(self, env, names):
        self.server, self.names, self.env = Postgres(env), names, env
        env["CDC_SOURCE"] = self.server.url
        self.server.sql(*[f"CREATE TABLE {name} (id bigserial PRIMARY KEY, v text)" for name in names])
        env.update(CDC_SLOT="latency")
        self.insert("first")
        subprocess.run(["cdc-capture", "--create", "--exit-after-create"], env=env, check=True, stderr=subprocess.DEVNULL)

    def insert(self, text):
        self.server.sql(*[f"INSERT INTO {name} (v) VALUES ('{text}')" for name in self.names])

    def load(self, folder):
        script = folder / "one.sql"
        script.write_text(f"\\set n random(0, {len(self.names) - 1})\nINSERT INTO t:n (v) VALUES ('some text of a row');\n")
        subprocess.run(["pgbench", "-n", "-c", str(CLIENTS), "-R", str(RATE), "-T", str(SECONDS), "-f", script, self.server.url],
                       env=self.env, check=True, capture_output=True)


class FromMysql:
    service, schema, conf = "mysql", "bench", ""
    flush = 80 # it leaves ClickHouse less of the processors than PostgreSQL does

    def __init__(self, env, names):
        self.server, self.names = Mysql(env), names
        env["CDC_SOURCE"] = self.server.url
        self.server.sql(*[f"CREATE TABLE {name} (id bigint AUTO_INCREMENT PRIMARY KEY, v text)" for name in names])

    def insert(self, text):
        self.server.sql(*[f"INSERT INTO {name} (v) VALUES ('{text}')" for name in self.names])

    def load(self, _):
        # Not threads: they and the watcher would wait for each other.
        clients = [multiprocessing.Process(target=self.client) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def client(self):
        """Statements at times that are set before, as pgbench's -R: a slow one delays none that follow."""
        with subprocess.Popen([*self.server.client.split(), "--unbuffered"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True) as process:
            start, wanted = time.monotonic(), SECONDS * RATE // CLIENTS
            for number in range(wanted):
                time.sleep(max(0, start + number * CLIENTS / RATE - time.monotonic()))
                process.stdin.write(f"INSERT INTO {random.choice(self.names)} (v) VALUES ('some text of a row');\n")
                process.stdin.flush()


def through_kafka(env, folder, names, kind):
    """The shell lines of the pipe's processes; and a function that tells whether the second may start."""
    # A record that waits a little for others spares the broker requests: they are for one topic each.
    linger, flush, fetch = (5, kind.flush, "") if len(names) == 1 else (40, 100, "-X fetch.min.bytes=65536 -X fetch.wait.max.ms=40")
    topic = f"latency.{kind.schema}.{names[-1]}"
    return ([f"cdc-capture --checkpoint {folder}/p | cdc-publish --checkpoint {folder}/p -X linger.ms={linger}",
             f"cdc-consume --topics '^latency[.]{kind.schema}[.]' --checkpoint {folder}/c --checkpoint-interval 100ms {fetch} | "
             f"cdc-load --target $CDC_TEST_CLICKHOUSE_URL --flush-interval {flush}ms --checkpoint {folder}/c"],
            lambda: ends(env["CDC_BROKERS"], topic))


def direct(_env, folder, _names, _kind):
    return ([f"cdc-capture --checkpoint {folder}/p | cdc-load --target $CDC_TEST_CLICKHOUSE_URL --flush-interval 50ms "
             f"--checkpoint {folder}/p"], lambda: True)


def latency_of(bin_folder, kind, tables, pipe):
    names = [f"t{number}" for number in range(tables)]
    services = [kind.service, "clickhouse", *(["kafka"] if pipe is through_kafka else [])]
    with servers(bin_folder, *services, conf=kind.conf) as (folder, env):
        env.update(CDC_PREFIX="latency", CDC_BROKERS=env.get("CDC_TEST_KAFKA_BROKERS", ""))
        source = kind(env, names)
        lines, may_start = pipe(env, folder, names, kind)
        pipes = []
        for line in lines:
            if pipes:
                def seen():
                    source.insert("second") # again: a capture that is starting begins behind the first ones
                    time.sleep(0.5)
                    return may_start()

                wait_for(seen, 60)
            pipes.append(subprocess.Popen(["bash", "-c", line], env=env, stderr=subprocess.DEVNULL, start_new_session=True))
        watcher = Watcher(env["CDC_TEST_CLICKHOUSE_URL"], [f"{name}_raw" for name in names])
        watcher.start()

        def all_seen():
            source.insert("third")
            time.sleep(1)
            return all(watcher.last.values())

        wait_for(all_seen, 60)
        watcher.ages.clear()
        source.load(folder)
        time.sleep(3)
        watcher.end()
        for process in pipes:
            os.killpg(process.pid, 15)
            process.wait()
    if len(watcher.ages) < SECONDS * RATE * 0.9:
        raise SystemExit(f"only {len(watcher.ages)} rows came: the machine is too busy for {RATE} a second")
    return watcher


def latency(bin_folder, results):
    p50, p99 = ("p50", 0.5), ("p99", 0.99)
    for name, kind, tables, pipe, targets in (
            ("latency-1", FromPostgres, 1, through_kafka, ((*p50, "<=0.1"), (*p99, "<=0.5"))),
            ("latency-10", FromPostgres, 10, through_kafka, ((*p50, "<=0.3"), (*p99, None))),
            ("latency-direct", FromPostgres, 1, direct, ((*p50, "<=0.15"), (*p99, None))),
            ("latency-mysql", FromMysql, 1, through_kafka, ((*p50, "<=0.1"), (*p99, "<=0.5"))),
            ("latency-mysql-direct", FromMysql, 1, direct, ((*p50, "<=0.15"), (*p99, None)))):
        results.rounds = 1
        say(f"{name}: {RATE} transactions a second into {tables} tables, for {SECONDS} s")
        watcher = latency_of(bin_folder, kind, tables, pipe)
        for part, share, target in targets:
            results.add(f"{name}-{part}", watcher.share(share), "s", target=target)


def ten(name, kind):
    """The slowest of ten runs: each of them is to keep the target."""
    def work(bin_folder, results):
        watchers = []
        results.rounds = 10
        for number in range(results.rounds):
            watchers.append(latency_of(bin_folder, kind, 1, through_kafka))
            say(f"{name}, run {number + 1}: p50 {watchers[-1].share(0.5):.4f} s, p99 {watchers[-1].share(0.99):.4f} s")
        for part, share, target in (("p50", 0.5, "<=0.1"), ("p99", 0.99, "<=0.5")):
            results.add(f"{name}-{part}", max(watcher.share(share) for watcher in watchers), "s", target=target)

    return work


WORKS = {"latency": latency}
BY_NAME = {name: ten(name, kind) for name, kind in (("latency-ten", FromPostgres), ("latency-ten-mysql", FromMysql))}
