#!/usr/bin/env python3
"""From a real Debezium to cdc-capture, under load, as cdc-debezium(7) says: the connector is stopped, ours goes on from its
slot (PostgreSQL) or from the global ids in its offsets (MySQL), into the same topics, and the reader of the topics,
which loads ClickHouse all the while, is not touched. Every row ever inserted is in the topics, and source and target are the same.

CDC_TEST_SOURCE: postgres or mysql.  CDC_TEST_SOAK=1: a minute on each side, else seconds.
"""
import json
import os
import re
import subprocess
import sys
import threading
import time

import bed
import connect
from bed import ROOT, say

MYSQL = os.environ.get("CDC_TEST_SOURCE", "postgres") == "mysql"
SECONDS = 60 if bed.SOAK else 6
ACCOUNTS = 40
SCHEMA = "shop" if MYSQL else "public"
TOPICS = f"dbz.{SCHEMA}.ledger,dbz.{SCHEMA}.account"
TABLES = """CREATE TABLE ledger (id bigint PRIMARY KEY, account int NOT NULL, amount decimal(12,2), note varchar(100));
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, moved int NOT NULL);
"""


class Writer(threading.Thread):
    """Transactions in a client of the database until it is stopped: a row of the ledger, two accounts that are changed, and now and
    then an older row that is deleted."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.last, self.going = client, 0, True
        self.deletes = False # what is gone before the snapshot, nobody sends

    def run(self):
        while self.going:
            self.last += 1
            n = self.last
            lines = ["BEGIN;", f"INSERT INTO ledger VALUES ({n}, {n % ACCOUNTS}, {n}.25, 'note {n} ä');",
                     f"UPDATE account SET balance = balance + {n}, moved = moved + 1 WHERE id = {n % ACCOUNTS};",
                     f"UPDATE account SET balance = balance - {n} WHERE id = {(n * 7 + 1) % ACCOUNTS};"]
            if self.deletes and n % 5 == 0:
                lines.append(f"DELETE FROM ledger WHERE id = {n - 50};")
            self.client.stdin.write("\n".join([*lines, "COMMIT;\n"]))
            self.client.stdin.flush()
            time.sleep(0.003)

    def stop(self):
        self.going = False
        self.join()
        self.client.stdin.close()
        if self.client.wait(timeout=120) != 0:
            raise RuntimeError("the writer failed")


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work, services=("mysql" if MYSQL else "postgres", "kafka", "debezium"))
        self.brokers = self.urls["CDC_TEST_KAFKA_BROKERS"]
        if MYSQL:
            self.source = self.urls["CDC_TEST_MYSQL_URL"] + "/shop"
            self.port = self.urls["CDC_TEST_MYSQL_URL"].rsplit(":", 1)[1].split("/")[0]
            self.sql_words = ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", self.port, "-u", "root", "-B", "--skip-column-names",
                              "--default-character-set=utf8mb4"]
        else:
            self.sql_words = ["psql", "-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", self.source]

    def sql(self, text):
        words = [*self.sql_words, "shop"] if MYSQL and "CREATE DATABASE" not in text else self.sql_words
        done = subprocess.run(words, input=text, text=True, capture_output=True, env=self.env, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def rest(self, method, path, body=None):
        return connect.rest(self.urls["CDC_TEST_DEBEZIUM_URL"], method, path, body)

    def wait_for(self, what, ready, seconds=120):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end or "FAILED" in self.rest("GET", "/connectors/dbz/status"):
                raise RuntimeError(f"{what}: {self.rest('GET', '/connectors/dbz/status')[:3000]}")
            time.sleep(0.3)

    def start_connector(self):
        config = dict(connect.JSON_WITH_SCHEMAS)
        config.update({"database.hostname": "127.0.0.1", "topic.prefix": "dbz", "database.password": "x"})
        if MYSQL:
            self.sql("CREATE USER dbz@'%' IDENTIFIED WITH mysql_native_password BY 'x'; GRANT ALL ON *.* TO dbz@'%'")
            config.update({"connector.class": "io.debezium.connector.mysql.MySqlConnector", "database.port": self.port,
                           "database.user": "dbz", "database.server.id": "4711", "database.include.list": "shop",
                           "schema.history.internal.kafka.bootstrap.servers": self.brokers,
                           "schema.history.internal.kafka.topic": "dbz.history", "snapshot.locking.mode": "minimal"})
        else:
            user, port, name = re.match(r"postgresql://([^@]+)@[^:]+:(\d+)/(.*)", self.source).groups()
            config.update({"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "database.port": port,
                           "database.user": user, "database.dbname": name, "plugin.name": "pgoutput", "slot.name": "dbz"})
        self.rest("POST", "/connectors", {"name": "dbz", "config": config})

    def ledger(self):
        """Of the topic of the ledger: the ids that were inserted, by who sent them."""
        done = subprocess.run(["kcat", "-b", self.brokers, "-C", "-e", "-q", "-t", f"dbz.{SCHEMA}.ledger", "-f", "%h\t%S\t%s\n"],
                              capture_output=True, text=True, check=False)
        found = {"Debezium": [], "ours": []}
        for line in done.stdout.splitlines():
            headers, size, value = line.split("\t", 2)
            if int(size) <= 0:
                continue
            change = json.loads(value)
            change = change.get("payload", change)
            if change.get("op") in ("c", "r"):
                found["ours" if "cdc.order" in headers else "Debezium"].append(change["after"]["id"])
        return found

    def stop_debezium(self):
        """Its place, by the REST interface of Connect, once its tasks are gone."""
        self.rest("PUT", "/connectors/dbz/stop")
        self.wait_for("the connector's end", lambda: '"tasks":[]' in self.rest("GET", "/connectors/dbz/status"))
        if not MYSQL:
            self.wait_for("the slot", lambda: self.psql("SELECT active FROM pg_replication_slots WHERE slot_name = 'dbz'") == "f")
        return json.loads(self.rest("GET", "/connectors/dbz/offsets"))["offsets"][0]["offset"]

    def pipe(self, first, second):
        left = self.spawn(first, stdout=subprocess.PIPE)
        right = self.spawn(second, stdin=left.stdout)
        left.stdout.close()
        return left, right

    def load(self, *how):
        file = self.work / "load.json"
        return self.pipe(["cdc-consume", "--brokers", self.brokers, "--topics", TOPICS, "--checkpoint", file, *how],
                         ["cdc-load", "--target", f"chdb:{self.work}/target", "--checkpoint", file])

    def finish(self, pair):
        for process in pair:
            if process.wait(timeout=120) != 0:
                raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")

    def compare(self):
        tool = [sys.executable, ROOT / "scripts" / "chdb.py", self.work / "target"]
        names = subprocess.run([*tool, "SHOW TABLES"], capture_output=True, text=True, env=self.env, check=True).stdout.split()
        for table, columns in (("ledger", "id, account, amount, note"), ("account", "id, balance, moved")):
            name = next(n for n in names if n.endswith(table))
            done = subprocess.run([*tool, f"SELECT {columns.replace('amount', 'toString(toDecimalString(amount, 2))')} FROM `{name}` ORDER BY id"],
                                  capture_output=True, text=True, env=self.env, check=False)
            if done.returncode != 0:
                raise RuntimeError(done.stderr)
            ours, theirs = done.stdout.splitlines(), self.sql(f"SELECT {columns} FROM {table} ORDER BY id").splitlines()
            if ours != theirs:
                raise RuntimeError(f"{table}: {len(theirs)} rows in the source, {len(ours)} in the target; of one only: "
                                   f"{sorted(set(ours) ^ set(theirs))[:10]}")
            say(f"{table}: {len(theirs)} rows, the same in the target")

    def run(self):
        if MYSQL:
            self.sql("CREATE DATABASE shop")
        self.sql(TABLES + "INSERT INTO account VALUES " + ", ".join(f"({n}, 0, 0)" for n in range(ACCOUNTS)) + ";")
        words = [*self.sql_words, "shop"] if MYSQL else self.sql_words
        writer = Writer(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=self.env))
        writer.start()
        self.start_connector()
        self.wait_for("Debezium", lambda: len(self.ledger()["Debezium"]) > 100)
        writer.deletes = True
        loader = self.load()
        time.sleep(SECONDS)

        offset = self.stop_debezium()
        say(f"Debezium stands at {offset}")
        time.sleep(1) # what is written now, nobody has
        capture = ["cdc-capture", "--source", self.source, "--prefix", "dbz", "--checkpoint", self.work / "capture.json"]
        if MYSQL:
            capture += ["--from-gtids", offset["gtids"]]
        else:
            capture += ["--slot", "dbz", "--publication", "dbz_publication"]
        pipe = self.pipe(capture, ["cdc-publish", "--brokers", self.brokers, "--prefix", "dbz", "--checkpoint", self.work / "capture.json"])
        time.sleep(SECONDS)
        writer.stop()
        self.wait_for("our stream", lambda: writer.last in self.ledger()["ours"] or any(p.poll() is not None for p in (*pipe, *loader)))
        for pair in (pipe, loader):
            pair[0].terminate()
            self.finish(pair)
        self.finish(self.load("--exit-at-end"))

        found = self.ledger()
        theirs, ours = set(found["Debezium"]), set(found["ours"])
        missing = set(range(1, writer.last + 1)) - theirs - ours
        say(f"{writer.last} rows inserted, {len(theirs)} from Debezium, {len(ours)} from us, {len(theirs & ours)} from both")
        if missing:
            raise RuntimeError(f"{len(missing)} rows came from nobody, from {min(missing)} to {max(missing)}")
        if len(theirs) < 100 or len(ours) < 100 or len(found["ours"]) != len(ours):
            raise RuntimeError(f"Debezium {len(theirs)}, ours {len(ours)} in {len(found['ours'])} records")
        self.compare()


if __name__ == "__main__":
    bed.main(Test, Test.run)
