#!/usr/bin/env python3
"""The seam between cdc-snapshot and cdc-capture of MySQL and MariaDB, under writers.

Writers change a table with a key, one with a key of two columns and one without key all the time. In each
round a snapshot is loaded into a target of its own while they write, its loader killed once in every second
round and the same line run again; then the stream goes on from the snapshot's checkpoint to the end of the
log. Source and target have the same rows.

CDC_TEST_SOAK=1: 8 writers, 20 rounds, else 3 and 2. CDC_TEST_MYSQL_SERVICES: by default "mysql mariadb".
"""
import collections
import os
import random
import subprocess
import threading
import time

import bed
import mysql_types
from bed import BIN, say

WRITERS, ROUNDS = (8, 20) if bed.SOAK else (3, 2)
SERVICES = os.environ.get("CDC_TEST_MYSQL_SERVICES", "mysql mariadb").split()
ROWS = 20000
SCHEMA = f"""
DROP DATABASE IF EXISTS seam; CREATE DATABASE seam CHARACTER SET utf8mb4; USE seam;
CREATE TABLE digits (d int PRIMARY KEY); INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
CREATE TABLE keyed (id bigint unsigned PRIMARY KEY, n int NOT NULL, note varchar(40));
CREATE TABLE pair (a varchar(20), b int, n int, PRIMARY KEY (a, b));
CREATE TABLE keyless (a int, b varchar(20));
INSERT INTO keyed SELECT 1 + a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d, 0, 'base'
    FROM digits a, digits b, digits c, digits e, digits f WHERE f.d < {ROWS // 10000};
INSERT INTO keyless SELECT n, note FROM keyed WHERE id <= 2000;
INSERT INTO pair SELECT CONCAT('k', id % 50), id, 0 FROM keyed WHERE id <= 2000;
"""
COLUMNS = {"keyed": "id, n, note", "pair": "a, b, n", "keyless": "a, b"}


class Test(bed.Bed):
    def __init__(self, work):
        fast = "sync_binlog=0\ninnodb_flush_log_at_trx_commit=0\ninnodb_autoinc_lock_mode=2"
        super().__init__(work, ["clickhouse", *SERVICES], CDC_MYSQL_CONF=fast, CDC_MARIADB_CONF=fast)


def statements(stop, seed):
    choice = random.Random(seed)
    while not stop.is_set():
        k = choice.randrange(1, ROWS)
        yield choice.choice([
            f"UPDATE keyed SET n = n + 1 WHERE id BETWEEN {k} AND {k + 3};",
            f"INSERT IGNORE INTO keyed VALUES ({ROWS + k}, 1, 'more');",
            f"DELETE FROM keyed WHERE id = {ROWS + k};",
            f"UPDATE IGNORE keyed SET id = id + {2 * ROWS} WHERE id = {ROWS + k};",
            f"INSERT INTO keyless VALUES ({k % 7}, 'more'), ({k % 7}, 'more');",
            f"DELETE FROM keyless WHERE a = {k % 7} LIMIT 1;",
            f"UPDATE keyless SET b = CONCAT(LEFT(b, 9), '+') WHERE a = {k % 7} LIMIT 1;",
            f"INSERT INTO pair VALUES ('w{k % 9}', {k}, 1) ON DUPLICATE KEY UPDATE n = n + 1;",
            f"BEGIN; UPDATE pair SET n = n + 1 WHERE a = 'k{k % 50}'; DELETE FROM pair WHERE b = {k % 2000}; COMMIT;",
        ]) + "\n"


def write(server, stop, seed):
    client = subprocess.Popen(["mariadb", "--no-defaults", "--force", "-h127.0.0.1", f"-P{server.port}", "-uroot", "seam"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    for statement in statements(stop, seed):
        client.stdin.write(statement) # deadlocks are the server's to settle
        client.stdin.flush()
        time.sleep(0.001)
    client.stdin.close()
    client.wait()


def pipe(test, first, target, state, kill):
    """The exit codes of both; `kill`: the loader gets SIGKILL in the middle."""
    source = test.spawn(first, stdout=subprocess.PIPE)
    loader = test.spawn([BIN / "cdc-load", "--target", target, "--checkpoint", state], stdin=source.stdout)
    source.stdout.close()
    if kill:
        time.sleep(random.uniform(0.05, 0.4))
        loader.kill()
    return source.wait(), loader.wait()


def one_round(test, server, number):
    database = f"{server.name}{number}"
    test.clickhouse(f"CREATE DATABASE {database}")
    target = f"{test.target.rsplit('/', 1)[0]}/{database}"
    state = test.work / f"{database}.json"
    url = f"{server.url}/seam"
    read = [BIN / "cdc-snapshot", "--source", url, "--exclude", "digits", "--checkpoint", state, "--jobs", str(1 + number % 2)]
    stop = threading.Event()
    writers = [threading.Thread(target=write, args=(server, stop, random.randrange(1 << 30)), daemon=True) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(0.3)
    if number % 2:
        pipe(test, [*read, "--max-rows-per-second", "30000"], target, state, True)
    if codes := [code for code in pipe(test, read, target, state, False) if code]:
        raise RuntimeError(f"{server.name}: the snapshot ended with {codes}\n{test.tail()}")
    time.sleep(0.3)
    stop.set()
    for writer in writers:
        writer.join()
    stream = [BIN / "cdc-capture", "--source", url, "--exclude", "digits", "--checkpoint", state, "--exit-at-end"]
    if codes := [code for code in pipe(test, stream, target, state, False) if code]:
        raise RuntimeError(f"{server.name}: the stream ended with {codes}\n{test.tail()}")
    same(test, server, database, target)


def same(test, server, database, target):
    """Row by row, then by cdc-verify."""
    for table, columns in COLUMNS.items():
        wanted = sorted("\t".join(row) for row in server.sql(f"SELECT {columns} FROM {table}", db="seam"))
        got = sorted(test.clickhouse(f"SELECT {columns} FROM {database}.{table}").splitlines())
        if got != wanted:
            missing, more = collections.Counter(wanted), collections.Counter(got)
            raise RuntimeError(f"{server.name}: {table}: missing {list((missing - more).elements())[:9]}, "
                               f"too many {list((more - missing).elements())[:9]}\n{test.tail()}")
    done = subprocess.run([BIN / "cdc-verify", "--source", f"{server.url}/seam", "--target", target, "--exclude", "digits"], check=False,
                          capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{server.name}: cdc-verify: {done.stdout.decode()}{done.stderr.decode()}")


def run(test):
    for name in SERVICES:
        server = mysql_types.Server(test, name)
        server.sql(SCHEMA, db=None)
        for number in range(ROUNDS):
            one_round(test, server, number)
        say(f"{name}: {ROUNDS} rounds under {WRITERS} writers, the same rows")


if __name__ == "__main__":
    bed.main(Test, run)
