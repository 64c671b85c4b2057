#!/usr/bin/env python3
"""Every type of MySQL and MariaDB through the stream into ClickHouse: cdc-verify finds it the same, as
column, as key where legal, in each charset; then one changed value of each type, which it finds.

CDC_TEST_MYSQL_SERVICES: the servers, by default "mysql mariadb".
"""
import json
import os
import subprocess

import bed
import mysql_types
from bed import BIN, say

SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()
# Those that Date32 and DateTime64 hold; the others stop the load.
DATES = {
    "date": "'1900-01-01', '2299-12-31', '2024-02-29', '1969-12-31'",
    "datetime": "'1900-01-01 00:00:00', '2299-12-31 23:59:59', '1969-12-31 23:59:59.999999', '2025-07-21 10:00:00.123456'",
    "timestamp": "'1970-01-01 00:00:01', '2038-01-19 03:14:07', '2025-07-21 10:00:00.987654'",
}


def storable(entry):
    name, servers, definition, values, kind, key = entry
    return name, servers, definition, DATES.get(definition.split("(")[0].split(" ")[0], values), kind, key


mysql_types.TYPES = [storable(entry) for entry in mysql_types.TYPES]


class Test(bed.Bed):
    def __init__(self, work):
        fast = "sync_binlog=0\ninnodb_flush_log_at_trx_commit=0"
        super().__init__(work, ["clickhouse", *SERVICES], CDC_MYSQL_CONF=fast, CDC_MARIADB_CONF=fast)


def load(test, server, target, start):
    capture = test.spawn([BIN / "cdc-capture", "--source", f"{server.url}/types", "--from-position", start, "--exit-at-end",
                          "--checkpoint", test.work / f"{server.name}.json"], stdout=subprocess.PIPE)
    loaded = test.spawn([BIN / "cdc-load", "--target", target, "--checkpoint", test.work / f"{server.name}.json"],
                        stdin=capture.stdout)
    capture.stdout.close()
    if loaded.wait() != 0 or capture.wait() != 0:
        raise RuntimeError(f"{server.name}: the stream was not loaded")


def verify(server, target, *options):
    done = subprocess.run([BIN / "cdc-verify", "--source", f"{server.url}/types", "--target", target, "--json", *options],
                          capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{server.name}: {done.stderr.decode(errors='replace')}{done.stdout.decode()[:2000]}")
    return {table["table"].split(".", 1)[1]: table for table in json.loads(done.stdout)["tables"]}


def run(test):
    for name in SERVICES:
        server = mysql_types.Server(test, name)
        test.clickhouse(f"CREATE DATABASE {name}")
        target = f"{test.target.rsplit('/', 1)[0]}/{name}"
        start = server.position()
        server.fill()
        load(test, server, target, start)
        tables = verify(server, target)
        wrong = {table: found for table, found in tables.items() if found["verdict"] != "same"}
        if wrong:
            raise RuntimeError(f"{name}: {json.dumps(wrong, ensure_ascii=False)[:3000]}")
        missing = {f"c_{entry[0]}" for entry in server.types} - {t for t in tables if tables[t]["source_rows"] > 1}
        if missing:
            raise RuntimeError(f"{name}: not compared: {missing}")
        if not_compared := {t: found["not_compared"] for t, found in tables.items() if found["not_compared"]}:
            raise RuntimeError(f"{name}: {not_compared}")
        say(f"{name}: {len(tables)} tables are the same")

        for entry in server.types:
            table = f"c_{entry[0]}"
            server.sql(f"SET sql_log_bin=0, time_zone='+00:00'; SELECT MAX(id) INTO @last FROM {table};"
                       f"UPDATE {table} a JOIN {table} b ON b.id = @last SET a.v = b.v WHERE a.id = IF(@last > 1, 1, 0)")
        tables = verify(server, target, "--tables", "types.c_*", "--no-wait")
        unseen = [t for t, found in tables.items() if found["different"] != 1 or found["missing"] or found["extra"]]
        if unseen or len(tables) != len(server.types):
            raise RuntimeError(f"{name}: a changed value was not found in {unseen}")
        say(f"{name}: a changed value of each of {len(tables)} types is found")


if __name__ == "__main__":
    bed.main(Test, run)
