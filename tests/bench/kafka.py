"""Kafka: publish and consume against kcat, Avro against JSON, PostgreSQL and MySQL to Kafka against Debezium.

CDC_BENCH_DEBEZIUM_ROWS (600000) makes quick looks possible.
"""
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.request

from harness import (FEW_ROUNDS, FILL, MYSQL_FILL, MYSQL_ORDERS, ORDERS, ROOT, ROUNDS, Mysql, Postgres, Run, median, metered, pairs, say,
                     servers, timed)
from visible import wait_for

ROWS = int(os.environ.get("CDC_BENCH_ROWS", "2000000"))
DEBEZIUM_ROWS = int(os.environ.get("CDC_BENCH_DEBEZIUM_ROWS", "600000"))


def change_lines(folder, env, rows):
    """Captured lines, and the same values with their keys in front as kcat -K takes them."""
    some = subprocess.run([ROOT / "tests" / "live" / "kafka_lines.py", "--rows", "20000", "--keys",
                           "20000", "--pad", "100", "--checkpoint-every", "1000000"], env=env,
                          check=True, capture_output=True, text=True).stdout.splitlines()
    table, changes = some[0], [line for line in some[1:] if '"op":"c"' in line]
    with open(folder / "lines", "w") as lines, open(folder / "keyed", "w") as keyed:
        lines.write(table + "\n")
        for number in range(rows):
            line = changes[number % len(changes)]
            end = line.index('},"before"')
            lines.write(line + "\n")
            keyed.write(line[7:end + 1] + "\t{" + line[end + 2:] + "\n")
    return folder / "lines", folder / "keyed"


def publish_consume(bin_folder, results):
    say(f"publish, consume: {ROWS} changes, one partition, against kcat")
    with servers(bin_folder, "kafka") as (folder, env):
        brokers = env["CDC_TEST_KAFKA_BROKERS"]
        lines, keyed = change_lines(folder, env, ROWS)
        peer_publish = (f"exec kcat -q -b {brokers} -P -K $'\\t' -X acks=all -X enable.idempotence=true "
                        "-X partitioner=murmur2_random -H cdc.table-version=0123456789abcdef "
                        f"-H cdc.order=00010000000000001008000000000001 -l {keyed} -t peer")
        mine, other = pairs(
            lambda n: timed(f"exec cdc-publish --brokers {brokers} --prefix ours{n} --partitions 1 "
                            f"--no-tombstones --log-level error <{lines}", env),
            lambda n: timed(f"{peer_publish}{n}", env), ROUNDS)
        add_pair(results, "publish", mine, other, ROWS, "records/s", "kcat -P -l", ">=1.0")
        # What a reader waits for at the end of the topic is set alike. The broker gives a topic faster with each reading
        # until its code is compiled and the topic cached: each reads once before.
        consume = f"exec cdc-consume --brokers {brokers} --topics ours0.public.t0 --exit-at-end --log-level error"
        kcat = f"exec kcat -q -b {brokers} -C -t ours0.public.t0 -e -X check.crcs=true -X fetch.wait.max.ms=100"
        pairs(lambda _: timed(consume, env), lambda _: timed(kcat, env), 1)
        mine, other = pairs(lambda _: timed(consume, env), lambda _: timed(kcat, env), ROUNDS)
        add_pair(results, "consume", mine, other, ROWS, "records/s", "kcat -C -e", ">=1.0")
        # The same against a kcat that reads keys and headers as we do.
        mine, other = pairs(lambda _: timed(consume, env), lambda _: timed(f"{kcat} -f '%k %h %s\n'", env), FEW_ROUNDS)
        add_pair(results, "consume-headers", mine, other, ROWS, "records/s", "kcat -C -e -f", None)


def avro(bin_folder, results):
    """With a registry and Avro, against the same tool and JSON; what is read back is held against what was sent."""
    say(f"avro: {ROWS // 2} changes, one partition, against JSON")
    rows = ROWS // 2
    with servers(bin_folder, "kafka", "registry") as (folder, env):
        brokers, registry = env["CDC_TEST_KAFKA_BROKERS"], env["CDC_TEST_REGISTRY_URL"]
        lines, _ = change_lines(folder, env, rows)
        publish = f"exec cdc-publish --brokers {brokers} --partitions 1 --no-tombstones --log-level error"
        consume = f"exec cdc-consume --brokers {brokers} --exit-at-end --log-level error"
        mine, other = pairs(
            lambda n: timed(f"{publish} --prefix avro{n} --format avro --registry {registry} <{lines}", env),
            lambda n: timed(f"{publish} --prefix json{n} <{lines}", env), ROUNDS)
        add_pair(results, "avro-publish", mine, other, rows, "records/s", "as JSON", ">=0.8")
        read = {"avro": f"{consume} --topics avro0.public.t0 --registry {registry}", "json": f"{consume} --topics json0.public.t0"}
        sums = {name: subprocess.run(f"{line.removeprefix('exec ')} | grep -c '^{{\"key'", shell=True, env=env, check=True,
                                     capture_output=True, text=True).stdout for name, line in read.items()}
        if sums != {"avro": f"{rows}\n", "json": f"{rows}\n"}:
            raise SystemExit(f"not all rows came back: {sums}")
        mine, other = pairs(lambda _: timed(read["avro"], env), lambda _: timed(read["json"], env), ROUNDS)
        add_pair(results, "avro-consume", mine, other, rows, "records/s", "as JSON", ">=0.8")


def add_pair(results, work, mine, other, rows, unit, peer, target, cpu_target=None,
             memory_target=None):
    """Speed as the row of `work`; CPU-seconds and memory beside it."""
    results.rounds = len(mine)
    rate, peer_rate = rows / median(r.wall for r in mine), rows / median(r.wall for r in other)
    results.add(work, rate, unit, peer, peer_rate, rate / peer_rate, target)
    cpu, peer_cpu = median(r.cpu for r in mine), median(r.cpu for r in other)
    results.add(f"cpu-{work}", cpu, "s", peer, peer_cpu, cpu / peer_cpu, cpu_target)
    results.add(f"memory-cdc-{work}", max(r.rss_mb for r in mine), "MB", peer,
                max(r.rss_mb for r in other), target=memory_target)


# ------------------------------------------------------------------------------------ Debezium
def ends(brokers, topic):
    """Records of a topic of one partition, or 0."""
    done = subprocess.run(["kcat", "-q", "-b", brokers, "-Q", "-t", f"{topic}:0:-1"],
                          capture_output=True, text=True, check=False)
    found = re.search(r"offset (\d+)", done.stdout)
    return int(found.group(1)) if found else 0


class Worker:
    """The Connect worker, started here: connectors by its REST interface, its CPU and memory by /proc."""

    def __init__(self, env):
        script = ROOT / "scripts" / "services"
        env = {"CDC_DEBEZIUM_HEAP": "1g", **env} # with the tests' 256 MB it may do nothing but collect garbage
        subprocess.run([script, "start", "debezium"], env=env, check=True, stdout=subprocess.DEVNULL)
        lines = subprocess.run([script, "env", "debezium"], env=env, check=True, capture_output=True, text=True).stdout
        self.url = re.search(r"DEBEZIUM_URL='([^']*)'", lines).group(1)
        status = subprocess.run([script, "status", "debezium"], env=env, check=True, capture_output=True, text=True).stdout
        self.pid = re.search(r"pid=(\d+)", status).group(1)

    def post(self, name, config):
        body = json.dumps({"name": name, "config": config}).encode()
        request = urllib.request.Request(f"{self.url}/connectors", body,
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=60).close()

    def delete(self, name):
        request = urllib.request.Request(f"{self.url}/connectors/{name}", method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()

    def streams(self, name):
        """Whether the connector's task runs, and is past its start."""
        with urllib.request.urlopen(f"{self.url}/connectors/{name}/status", timeout=60) as answer:
            tasks = json.load(answer)["tasks"]
        time.sleep(5 if tasks else 0.5) # it runs before it reads
        return bool(tasks) and tasks[0]["state"] == "RUNNING"

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def debezium_config(env, prefix, **more):
    parts = re.match(r"postgresql://([^@]+)@([^:]+):(\d+)/(.*)", env["CDC_TEST_POSTGRES_URL"])
    return {"connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": parts.group(2), "database.port": parts.group(3),
            "database.user": parts.group(1), "database.password": "x",
            "database.dbname": parts.group(4), "topic.prefix": prefix, "plugin.name": "pgoutput",
            "publication.name": "bench", "publication.autocreate.mode": "disabled",
            "table.include.list": "public.orders", "decimal.handling.mode": "string",
            "slot.name": prefix, "producer.override.acks": "all", **more}


def measure_debezium(worker, brokers, name, config, rows, schema="public", write=None):
    """From its first record to its last one: its start-up does not count. `write` makes the rows when it streams."""
    topic = f"{name}.{schema}.orders"
    worker.post(name, config)
    if write:
        wait_for(lambda: worker.streams(name))
        write()
    first = wait_for(lambda: ends(brokers, topic))
    start, cpu = time.monotonic(), worker.cpu()
    wait_for(lambda: ends(brokers, topic) >= rows)
    share = (rows - first) / rows
    run = Run((time.monotonic() - start) / share, (worker.cpu() - cpu) / share, worker.rss_mb())
    worker.delete(name)
    return run


def measure_ours(folder, env, source, publish, number):
    """A pipe of two stages; memory is the sum of both."""
    files = [folder / f"rss_{number}_{stage}" for stage in (1, 2)]
    run = timed(f"{metered(source, files[0])} | {metered(publish, files[1])}", env)
    return Run(run.wall, run.cpu, sum(float(file.read_text()) for file in files))


def debezium(bin_folder, results):
    rows = DEBEZIUM_ROWS
    say(f"debezium: {rows} rows, snapshot and stream")
    with servers(bin_folder, "postgres", "kafka") as (folder, env):
        postgres, worker = Postgres(env), Worker(env)
        brokers, source = env["CDC_TEST_KAFKA_BROKERS"], env["CDC_TEST_POSTGRES_URL"]
        postgres.sql(ORDERS, "CREATE PUBLICATION bench FOR ALL TABLES")
        for number in range(FEW_ROUNDS):
            postgres.sql(f"SELECT pg_create_logical_replication_slot('stream{number}', 'pgoutput')",
                         f"SELECT pg_create_logical_replication_slot('ours{number}', 'pgoutput')")
        postgres.sql(FILL.format(rows=rows))
        postgres.sql("CHECKPOINT")
        end = postgres.sql("SELECT pg_current_wal_flush_lsn()")
        publish = f"cdc-publish --brokers {brokers} --partitions 1 --log-level error --prefix "
        mine, other = pairs(
            lambda n: measure_ours(folder, env,
                                   f"cdc-capture --source {source} --slot ours{n} --publication bench "
                                   f"--prefix ours{n} --peek --until-position {end}",
                                   f"{publish}ours{n}", n),
            lambda n: measure_debezium(worker, brokers, f"stream{n}", debezium_config(
                env, f"stream{n}", **{"snapshot.mode": "no_data"}), rows), FEW_ROUNDS)
        add_pair(results, "kafka-postgres-stream", mine, other, rows, "rows/s", "Debezium 3.3", ">=2.0",
                 "<=0.2", "<=96")
        mine, other = pairs(
            lambda n: measure_ours(folder, env,
                                   f"cdc-snapshot --source {source} --tables public.orders "
                                   f"--prefix snap{n}", f"{publish}snap{n}", n),
            lambda n: measure_debezium(worker, brokers, f"initial{n}", debezium_config(
                env, f"initial{n}", **{"snapshot.mode": "initial_only"}), rows), FEW_ROUNDS)
        add_pair(results, "kafka-postgres-snapshot", mine, other, rows, "rows/s", "Debezium 3.3",
                 ">=5.0", "<=0.1")


def mysql_config(env, brokers, prefix, number, mode):
    port = env["CDC_TEST_MYSQL_URL"].rsplit(":", 1)[1]
    return {"connector.class": "io.debezium.connector.mysql.MySqlConnector", "database.hostname": "127.0.0.1",
            "database.port": port, "database.user": "dbz", "database.password": "x", "database.server.id": str(4711 + number),
            "topic.prefix": prefix, "database.include.list": "bench", "table.include.list": "bench.orders",
            "decimal.handling.mode": "string", "snapshot.mode": mode, "producer.override.acks": "all",
            "schema.history.internal.kafka.bootstrap.servers": brokers,
            "schema.history.internal.kafka.topic": f"{prefix}.history"}


def debezium_mysql(bin_folder, results):
    rows = DEBEZIUM_ROWS
    say(f"debezium-mysql: {rows} rows, snapshot and stream")
    with servers(bin_folder, "mysql", "kafka") as (folder, env):
        mysql, worker = Mysql(env), Worker(env)
        brokers = env["CDC_TEST_KAFKA_BROKERS"]
        publish = f"cdc-publish --brokers {brokers} --partitions 1 --log-level error --prefix "
        mysql.sql(MYSQL_ORDERS, "CREATE USER dbz@'%' IDENTIFIED WITH mysql_native_password BY 'x'",
                  "GRANT ALL ON *.* TO dbz@'%'")
        mine, other = [], []
        for n in range(FEW_ROUNDS): # both read the log of the same statement, one after the other
            mysql.sql("TRUNCATE orders")
            start = ":".join(mysql.sql("SHOW MASTER STATUS").split("\t")[:2])
            other.append(measure_debezium(worker, brokers, f"stream{n}", mysql_config(env, brokers, f"stream{n}", n, "no_data"),
                                          rows, "bench", lambda: mysql.sql(MYSQL_FILL.format(rows=rows))))
            mine.append(measure_ours(folder, env, f"cdc-capture --source {mysql.url} --prefix ours{n} --from-position {start} "
                                     "--exit-at-end", f"{publish}ours{n}", n))
        add_pair(results, "kafka-mysql-stream", mine, other, rows, "rows/s", "Debezium 3.3", ">=5.0", "<=0.2", "<=96")
        mine, other = pairs(
            lambda n: measure_ours(folder, env, f"cdc-snapshot --source {mysql.url} --prefix snap{n}", f"{publish}snap{n}", n),
            lambda n: measure_debezium(worker, brokers, f"initial{n}",
                                       mysql_config(env, brokers, f"initial{n}", 100 + n, "initial_only"), rows, "bench"),
            FEW_ROUNDS)
        add_pair(results, "kafka-mysql-snapshot", mine, other, rows, "rows/s", "Debezium 3.3", ">=5.0", "<=0.1")


WORKS = {"kafka": publish_consume, "avro": avro, "debezium": debezium, "debezium-mysql": debezium_mysql}
