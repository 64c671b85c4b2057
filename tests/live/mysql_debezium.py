#!/usr/bin/env python3
"""One workload of MySQL by two ways into ClickHouse: through a real Debezium MySQL connector, Kafka and cdc-consume,
and through cdc-snapshot and cdc-capture. Both targets and the source have the same rows, column by column.

The rows were there before (snapshot), are inserted, updated, deleted, get other keys and are moved in transactions of
several tables, over a rotation of the log.
CDC_TEST_SOAK=1: 20,000 transactions, else 400.
"""
import json
import random
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import bed
from bed import BIN, ROOT, say

TRANSACTIONS = 20000 if bed.SOAK else 400
SCHEMA = """
CREATE DATABASE shop; USE shop;
CREATE TABLE orders (id bigint unsigned PRIMARY KEY, customer int NOT NULL, amount decimal(12,2), fine decimal(30,10),
    placed datetime(6), seen timestamp(3) NULL, day date, slot time(6), flag tinyint(1), small smallint unsigned,
    share double, ratio float, note varchar(200), body text, state enum('new','paid','it''s done'), tags set('a','b','c'),
    doc json, token varbinary(40), bits bit(9), made year);
CREATE TABLE items (code varchar(20), line int, n int, PRIMARY KEY (code, line));
CREATE TABLE counters (id int PRIMARY KEY, n bigint);
"""
TABLES = {"orders": ["id"], "items": ["code", "line"], "counters": ["id"]}
WORDS = ["plain", "it''s", 'say "so"', "tab\\tbed", "back\\\\\\\\slash", "日本", "😀", "", "NULL", "ä\\nö"]


def row(key):
    def pick(*values):
        return random.choice(["NULL", *values])
    stamp = f"'20{random.randrange(10, 30)}-0{random.randrange(1, 10)}-2{random.randrange(0, 8)} 1{random.randrange(10)}:00:59.{random.randrange(10**6):06}'"
    values = [key, random.randrange(-100, 100), pick(f"{random.uniform(-1e6, 1e6):.2f}"), pick("12345678901234567890.0123456789", "-0.5"),
              pick(stamp), pick(stamp), pick(f"'20{random.randrange(10, 30)}-02-28'"), pick("'12:34:56.123456'", "'00:00:00'"),
              pick("0", "1", "7"), pick("0", "65535"), pick(repr(random.uniform(-1e9, 1e9)), "0.1"), pick("0.5", "-1.25"),
              pick(*(f"'{word}'" for word in WORDS)), pick(f"REPEAT('{random.choice(WORDS)}', {random.randrange(300)})"),
              pick("'new'", "'paid'", "'it''s done'"), pick("''", "'a'", "'a,c'"),
              pick("'{\"a\": [1, 2.5, null, \"x\"]}'", "'[]'", "'\"text\"'"), pick("X'00ff10'", "X''"), pick("b'0'", "b'101010101'"),
              pick("1901", "2155")]
    return "(" + ", ".join(map(str, values)) + ")"


def transaction(keys):
    """SQL of one transaction; `keys` are those of orders."""
    out = []
    for _ in range(random.randrange(1, 5)):
        what = random.random()
        if what < 0.45 or not keys:
            key = random.choice([random.randrange(2**64), random.randrange(1000)])
            keys.add(key)
            out.append(f"REPLACE INTO orders VALUES {row(key)}")
        elif what < 0.7:
            out.append(f"UPDATE orders SET customer = customer + 1, amount = amount + 0.01, note = NULL WHERE id = {random.choice(list(keys))}")
        elif what < 0.8:
            key, other = random.choice(list(keys)), random.randrange(2**63)
            keys.discard(key)
            keys.add(other)
            out.append(f"UPDATE orders SET id = {other} WHERE id = {key}")
        elif what < 0.9:
            key = random.choice(list(keys))
            keys.discard(key)
            out.append(f"DELETE FROM orders WHERE id = {key}")
        code, line = random.choice(["k1", "K1", "k2", "ö"]) + str(random.randrange(9)), random.randrange(3)
        out.append(random.choice([f"REPLACE INTO items VALUES ('{code}', {line}, {random.randrange(99)})",
                                  f"DELETE FROM items WHERE line = {line} LIMIT 2",
                                  f"UPDATE counters SET n = n + 1 WHERE id < {random.randrange(10)}"]))
    return "BEGIN; " + "; ".join(out) + "; COMMIT;\n"


def same_value(column, value):
    """Debezium writes JSON without the server's blanks, and does not say how many digits a time has."""
    if value == "NULL" or column not in ("doc", "slot", "seen"):
        return value
    text = bytes.fromhex(value).decode()
    return json.loads(text) if column == "doc" else re.sub(r"\.?0*$", "", text) if "." in text else text


class Test(bed.Bed):
    def __init__(self, work):
        super().__init__(work, services=("mysql", "kafka", "debezium"))
        self.source = self.urls["CDC_TEST_MYSQL_URL"] + "/shop"
        self.port = self.urls["CDC_TEST_MYSQL_URL"].rsplit(":", 1)[1].split("/")[0]
        self.brokers = self.urls["CDC_TEST_KAFKA_BROKERS"]

    def my(self, sql):
        done = subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", self.port, "-u", "root", "-B", "--skip-column-names",
                               "--default-character-set=utf8mb4"], input=sql, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def rest(self, method, path, body=None):
        request = urllib.request.Request(self.urls["CDC_TEST_DEBEZIUM_URL"] + path, method=method,
                                         data=body and json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()[:2000]}") from error

    def start_connector(self):
        converter = {f"{side}.converter{more}": value for side in ("key", "value")
                     for more, value in (("", "org.apache.kafka.connect.json.JsonConverter"), (".schemas.enable", "true"))}
        self.my("CREATE USER dbz@'%' IDENTIFIED WITH mysql_native_password BY 'x'; GRANT ALL ON *.* TO dbz@'%'")
        self.rest("POST", "/connectors", {"name": "dbz", "config": {
            "connector.class": "io.debezium.connector.mysql.MySqlConnector", "database.hostname": "127.0.0.1",
            "database.port": self.port, "database.user": "dbz", "database.password": "x", "database.server.id": "4711",
            "topic.prefix": "dbz", "database.include.list": "shop", "bigint.unsigned.handling.mode": "precise",
            "schema.history.internal.kafka.bootstrap.servers": self.brokers, "schema.history.internal.kafka.topic": "dbz.history",
            "snapshot.locking.mode": "minimal", "tombstones.on.delete": "true", **converter}})

    def wait_for(self, what, ready, seconds=180):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end or "FAILED" in self.rest("GET", "/connectors/dbz/status"):
                raise RuntimeError(f"{what}: {self.rest('GET', '/connectors/dbz/status')[:3000]}")
            time.sleep(0.5)

    def last_counter(self):
        """The value of n of counter 99 that Debezium sent last."""
        got = subprocess.run(["kcat", "-b", self.brokers, "-C", "-e", "-q", "-t", "dbz.shop.counters"], capture_output=True,
                             text=True, check=False)
        rows = [json.loads(line)["payload"]["after"] for line in got.stdout.splitlines() if '"id":99' in line]
        return rows[-1]["n"] if rows else None

    def shell(self, line):
        done = subprocess.run(["bash", "-o", "pipefail", "-c", line], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{line}: exit {done.returncode}: {done.stderr[-3000:]}")

    def rows(self, target, table):
        """Of a target: its rows by the source's columns, each value's text in hexadecimal."""
        columns = self.my(f"SELECT column_name FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = '{table}' "
                          "ORDER BY ordinal_position").split()
        listed = ", ".join(f"if(isNull(`{column}`), 'NULL', hex(toString(`{column}`))) AS `{column}`" for column in columns)
        done = subprocess.run([sys.executable, ROOT / "scripts" / "chdb.py", target,
                               f"SELECT {listed} FROM `{self.table_names[target][table]}` FORMAT JSONEachRow"],
                              capture_output=True, text=True, env=self.env, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        rows = (json.loads(line) for line in done.stdout.splitlines())
        return {tuple(row[column] for column in TABLES[table]): row for row in rows}

    @staticmethod
    def compare(table, mine, other):
        if mine.keys() != other.keys():
            raise RuntimeError(f"{table}: other keys: {list(mine.keys() ^ other.keys())[:10]}")
        differ = {}
        for key, row in mine.items():
            for column, value in row.items():
                if same_value(column, value) != same_value(column, other[key][column]):
                    differ.setdefault(column, []).append((value, other[key][column]))
        if differ:
            raise RuntimeError(f"{table}: ours and Debezium's differ in " + ", ".join(
                f"{column} ({len(pairs)} times, {pairs[0]})" for column, pairs in differ.items()))

    def run(self):
        keys = set()
        self.my(SCHEMA + "INSERT INTO counters VALUES " + ", ".join(f"({n}, 0)" for n in [*range(10), 99]) + ";" +
                "".join(transaction(keys) for _ in range(TRANSACTIONS // 4)))
        ours, theirs = self.work / "ours", self.work / "theirs"
        say("both begin: snapshots")
        self.start_connector()
        self.wait_for("Debezium's snapshot", lambda: self.last_counter() == 0)
        self.shell(f"cdc-snapshot --source {self.source} --checkpoint ours.json | cdc-load --target chdb:{ours} --checkpoint ours.json"
                   .replace("ours.json", str(self.work / "ours.json")))
        say(f"{TRANSACTIONS} transactions")
        for part in range(4):
            self.my("USE shop; " + "".join(transaction(keys) for _ in range(TRANSACTIONS // 4)) + "FLUSH BINARY LOGS;")
            if part == 1:
                self.my("USE shop; DELETE FROM items WHERE line = 1; UPDATE orders SET small = 1")
        self.my("UPDATE shop.counters SET n = 1000 WHERE id = 99")
        self.wait_for("Debezium's stream", lambda: self.last_counter() == 1000)
        self.rest("DELETE", "/connectors/dbz")
        say("both end")
        self.shell(f"cdc-capture --source {self.source} --checkpoint {self.work}/ours.json --exit-at-end | "
                   f"cdc-load --target chdb:{ours} --checkpoint {self.work}/ours.json")
        self.shell(f"cdc-consume --brokers {self.brokers} --topics dbz.shop.orders --topics dbz.shop.items --topics dbz.shop.counters "
                   f"--checkpoint {self.work}/theirs.json --exit-at-end | cdc-load --target chdb:{theirs} --checkpoint {self.work}/theirs.json")
        self.table_names = {}
        for target in (ours, theirs):
            found = subprocess.run([sys.executable, ROOT / "scripts" / "chdb.py", target, "SHOW TABLES"], capture_output=True,
                                   text=True, env=self.env, check=True).stdout.split()
            self.table_names[target] = {table: next(n for n in found if n.endswith(table)) for table in TABLES}
        for table in TABLES:
            mine, other = self.rows(ours, table), self.rows(theirs, table)
            count = int(self.my(f"SELECT count(*) FROM shop.{table}"))
            if len(mine) != count or len(other) != count:
                raise RuntimeError(f"{table}: {count} rows in the source, {len(mine)} of ours, {len(other)} of Debezium's")
            self.compare(table, mine, other)
            say(f"{table}: {count} rows, the same by both ways")
        self.shell(f"cdc-verify --source {self.source} --target chdb:{ours}")


if __name__ == "__main__":
    bed.main(Test, Test.run)
