#!/usr/bin/env python3
"""cdc-capture | cdc-transform | a sink, its parts killed at random under load: at every cut the views
are PostgreSQL's own answer.

The load changes rows of four tables (keys, foreign keys, unchanged TOAST values, deletes, truncates, a
table without key). The sink keeps every line and writes the checkpoint file. Afterwards the lines of
the capture fill the same tables in a second database, checkpoint by checkpoint, and at each checkpoint
line that left cdc-transform the views' lines up to it, applied by their orders, are held against what
each view's SELECT gives there.

CDC_TEST_SOAK=1: 30 kills, else 6. CDC_TEST_SEED repeats a run's choices.
"""
import collections
import json
import os
import random
import signal
import subprocess
import threading
import time

import bed as beds
from bed import BIN, lsn, say

KILLS = int(os.environ.get("CDC_TEST_KILLS", "30" if beds.SOAK else "6"))

SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE products (id int PRIMARY KEY, title text, price numeric(10,2));
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, product_id int, quantity int NOT NULL,
                     amount numeric(12,2), at timestamptz, note text);
ALTER TABLE orders ALTER note SET STORAGE EXTERNAL;
CREATE TABLE visits (customer_id int, page text);
ALTER TABLE visits REPLICA IDENTITY FULL;
"""

LOAD = """
CREATE FUNCTION mix() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k int := random() * 60;
    op float := random();
BEGIN
    FOR i IN 1 .. 1 + (random() * 4)::int LOOP
        BEGIN
            IF op < 0.30 THEN
                INSERT INTO orders VALUES ((random() * 300)::int, random() * 60, random() * 20, i,
                    round((random() * 1e4)::numeric, 2), clock_timestamp(),
                    repeat(md5(random()::text), 100)) ON CONFLICT DO NOTHING;
            ELSIF op < 0.55 THEN
                UPDATE orders SET quantity = quantity + 1, at = clock_timestamp() WHERE id % 60 = k;
            ELSIF op < 0.62 THEN
                UPDATE orders SET customer_id = (random() * 60)::int, product_id = NULL WHERE id = k * 3;
            ELSIF op < 0.67 THEN
                UPDATE orders SET id = (random() * 300)::int WHERE id = k * 2;
            ELSIF op < 0.72 THEN
                DELETE FROM orders WHERE id BETWEEN k AND k + 4;
            ELSIF op < 0.77 THEN
                INSERT INTO customers VALUES (k, 'customer ' || k, CASE WHEN k % 7 > 0 THEN 'c' || k % 5 END)
                ON CONFLICT (id) DO UPDATE SET name = customers.name || '+';
            ELSIF op < 0.80 THEN
                UPDATE customers SET id = (random() * 60)::int WHERE id = k;
            ELSIF op < 0.83 THEN
                DELETE FROM customers WHERE id = k;
            ELSIF op < 0.87 THEN
                INSERT INTO products VALUES (k % 20, 'product "' || k, k) ON CONFLICT (id) DO UPDATE
                SET price = products.price + 0.01;
            ELSIF op < 0.89 THEN
                DELETE FROM products WHERE id = k % 20;
            ELSIF op < 0.95 THEN
                INSERT INTO visits SELECT k, 'page' FROM generate_series(1, 3);
            ELSIF op < 0.98 THEN
                UPDATE visits SET page = 'other' WHERE ctid = (SELECT ctid FROM visits ORDER BY random() LIMIT 1);
                DELETE FROM visits WHERE ctid = (SELECT ctid FROM visits ORDER BY random() LIMIT 1);
            ELSIF op < 0.985 THEN
                TRUNCATE visits;
            ELSIF op < 0.988 THEN
                TRUNCATE products;
            END IF;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
        k := random() * 60;
        op := random();
    END LOOP;
END $$;
"""

# name: (key, SELECT)
VIEWS = {
    "details": (["id"], """SELECT o.id, o.quantity, o.amount, o.at, length(o.note) AS letters, c.name, p.title
        FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id"""),
    "by_city": (["city"], """SELECT c.city, count(*) AS orders, sum(o.amount) AS amount
        FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.city HAVING count(*) > 1"""),
    "idle": (["id"], """SELECT c.id, c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
        WHERE o.id IS NULL"""),
    "visitors": (["id"], """SELECT c.id, v.n FROM customers c JOIN visit_counts v ON v.customer_id = c.id
        WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.amount > 100)"""),
    "visit_counts": (["customer_id"], """SELECT customer_id, count(*) AS n, count(DISTINCT page) AS pages
        FROM visits GROUP BY customer_id"""),
}
ORDER = ["details", "by_city", "idle", "visit_counts", "visitors"]
KEYLESS = {"visits"}


def quoted(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"


class Pipe(beds.Bed):
    def __init__(self, work):
        self.checkpoint = work / "state.json"
        self.stop_load = threading.Event()
        self.stages = {}
        self.runs = 0
        super().__init__(work, services=("postgres",))

    def start_pipe(self):
        self.runs += 1
        run = self.work / f"pipe.{self.runs}"
        source = self.spawn(["bash", "-c", f"""
            cdc-snapshot --source '{self.source}' --slot cut --checkpoint '{self.checkpoint}' --drain 20s &&
            exec cdc-capture --source '{self.source}' --slot cut --checkpoint '{self.checkpoint}' \\
                --checkpoint-interval 200ms"""], stdout=subprocess.PIPE)
        tee = self.spawn(["tee", "-i", f"{run}.in"], stdin=source.stdout, stdout=subprocess.PIPE)
        transform = self.spawn(["cdc-transform", "--views", self.work / "views.sql", "--state",
                                self.work / "state", "--checkpoint", self.checkpoint],
                               stdin=tee.stdout, stdout=subprocess.PIPE)
        sink = self.spawn([beds.ROOT / "tests" / "live" / "acknowledge.py", f"{run}.out", self.checkpoint],
                          stdin=transform.stdout)
        for stage in (source, tee, transform):
            stage.stdout.close()
        self.stages = {"source": source, "tee": tee, "transform": transform, "sink": sink}

    def wait_pipe(self, seconds):
        end = time.monotonic() + seconds
        for stage in self.stages.values():
            stage.wait(max(0.1, end - time.monotonic()))
        codes = {name: stage.returncode for name, stage in self.stages.items()}
        if any(code in (2, 3, 4, 5) for code in codes.values()):
            raise RuntimeError(f"a stage gave up for good: {codes}\n{self.tail()}")
        return codes

    def kill(self, victims):
        for victim in victims:
            self.stages[victim].send_signal(signal.SIGKILL)
        self.wait_pipe(300)
        self.start_pipe()

    def unacknowledged(self):
        """Bytes that left the source behind the checkpoint line of the sink's file."""
        try:
            line = self.checkpoint.read_bytes()
            with open(self.work / f"pipe.{self.runs}.in", "rb") as lines:
                written = lines.read()
        except FileNotFoundError:
            return 0
        line = line.split(b',"highest"')[0] # which cdc-transform adds
        found = written.rfind(line)
        return len(written) if found < 0 else len(written) - found - len(line) - 2

    def acknowledged(self):
        return lsn(beds.acknowledged(self.checkpoint)["position"])

    def wait_acknowledged(self, position, seconds):
        end = time.monotonic() + seconds
        while self.acknowledged() < position:
            if time.monotonic() > end:
                raise RuntimeError(f"not acknowledged in time\n{self.tail()}")
            if any(stage.poll() is not None for stage in self.stages.values()):
                say(f"the pipe ended by itself: {self.wait_pipe(300)}")
                self.start_pipe()
            time.sleep(0.1)

    def load_forever(self):
        script = self.work / "mix.sql"
        script.write_text("SELECT mix();\n")
        while not self.stop_load.is_set():
            subprocess.run(["pgbench", "-n", "-c", "2", "-T", "2", "-R", "60", "-f", script, self.source],
                           env=self.env, capture_output=True, check=False)

    def stop(self):
        self.stop_load.set()
        super().stop()


class Mirror:
    """The source's tables in another database, as of a checkpoint, from the capture's lines."""

    def __init__(self, bed, database="mirror"):
        self.bed = bed
        bed.psql(f"CREATE DATABASE {database}")
        self.url = bed.source.rsplit("/", 1)[0] + "/" + database
        self.run(SCHEMA)
        for name in ORDER:
            self.run(f"CREATE VIEW {name} AS {VIEWS[name][1]}")
        self.changes, self.runs = self.read()
        self.done = 0

    def run(self, text):
        done = subprocess.run(["psql", "-X", "-q", "-At", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1",
                               "-d", self.url], input="SET TimeZone = 'UTC';\n" + text + ";", text=True,
                              env=self.bed.env, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def read(self):
        """Changes by their order, each as every run had it; and the run of each checkpoint line. Rows of a snapshot
        are told apart by their place. A value that the log left out is fetched from the source, which may have another
        one, or none, when a change is sent again."""
        return self.read_input([self.bed.work / f"pipe.{run}.in" for run in range(1, self.bed.runs + 1)])

    @staticmethod
    def read_input(files):
        seen, runs = {}, {}
        for run, file in enumerate(files, 1):
            with open(file, "rb") as lines:
                for number, line in enumerate(lines):
                    if not line.endswith(b"\n"):
                        continue
                    if line.startswith(b'{"checkpoint"'):
                        told = json.loads(line)
                        runs[told["checkpoint"]["order"], told["ts_ms"]] = run
                    elif line.startswith(b'{"key"'):
                        change = json.loads(line)
                        place = (run, number) if change["op"] == "r" else (0, 0)
                        seen.setdefault((change["source"]["order"], place), {})[run] = change
        return [seen[key] for key in sorted(seen)], runs

    def run_of(self, line):
        """The run whose lines a cut was made from, which may be one before the run that wrote its checkpoint line."""
        return self.runs[line["checkpoint"]["order"], line["ts_ms"]]

    def advance(self, order, run):
        """All changes below the order of a checkpoint, as a run had them; the snapshot's rows stand at it."""
        statements = []
        while self.done < len(self.changes):
            readings = self.changes[self.done]
            change = readings.get(run) or next(iter(readings.values()))
            at = change["source"]["order"]
            if at > order or (at == order and change["op"] != "r"):
                break
            statements.append(self.statement(change))
            self.done += 1
        if statements:
            self.run("BEGIN;\n" + ";\n".join(statements) + ";\nCOMMIT")

    def statement(self, change):
        table = change["source"]["table"]
        after, before = change["after"], change["before"]
        if change["op"] == "t":
            return f"TRUNCATE {table}"
        if table in KEYLESS:
            where = " AND ".join(f"{c} IS NOT DISTINCT FROM {quoted(v)}" for c, v in (before or {}).items())
            gone = f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} WHERE {where} LIMIT 1)"
            came = f"INSERT INTO {table} VALUES ({', '.join(map(quoted, (after or {}).values()))})"
            return {"c": came, "r": came, "d": gone, "u": gone + ";\n" + came}[change["op"]]
        if change["op"] == "d":
            return f"DELETE FROM {table} WHERE id = {change['key']['id']}"
        if change["op"] == "u":
            pairs = ", ".join(f"{c} = {quoted(v)}" for c, v in after.items())
            return f"UPDATE {table} SET {pairs} WHERE id = {change['key']['id']}"
        return f"INSERT INTO {table} ({', '.join(after)}) VALUES ({', '.join(map(quoted, after.values()))})"

    def rows(self, name):
        text = self.run(f"SELECT {', '.join(c + '::text' for c in self.columns(name))} FROM {name}")
        text = text.removesuffix("\n").removesuffix("\x1e")
        return collections.Counter(text.split("\x1e")) if text else collections.Counter()

    def columns(self, name):
        return self.run(f"""SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
                            WHERE attrelid = '{name}'::regclass""").strip().strip("\x1e").split(",")


class Target:
    """What a table of each view holds: the highest order of each key counts."""

    def __init__(self):
        self.rows = collections.defaultdict(dict) # view: key: (order, row or None)
        self.reading = {}
        self.changes = 0

    def take(self, line):
        source = line["source"]
        view, order = source["table"], source["order"]
        rows = self.rows[view]
        if "snapshot" in line:
            if line["snapshot"]["status"] == "end":
                for key in [k for k, (at, _) in rows.items() if at < order]:
                    del rows[key]
            return
        if "table" in line:
            return
        self.changes += 1
        key = json.dumps(line["key"])
        if key not in rows or rows[key][0] <= order:
            rows[key] = (order, line["after"])

    def content(self, view, columns):
        return collections.Counter("\x1f".join(self.text(row[c]) for c in columns)
                                   for _, row in self.rows[view].values() if row is not None)

    @staticmethod
    def text(value):
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        text = str(value)
        if len(text) > 19 and text[10] == "T" and text.endswith("Z"):
            return text.replace("T", " ")[:-1] + "+00"
        return text


def compare(bed):
    mirror = Mirror(bed)
    columns = {name: mirror.columns(name) for name in VIEWS}
    target = Target()
    cuts = 0
    begun = set()
    for run in range(1, bed.runs + 1):
        with open(bed.work / f"pipe.{run}.out", "rb") as lines:
            for text in lines:
                if not text.endswith(b"\n"):
                    continue # the sink was killed
                line = json.loads(text)
                if "checkpoint" not in line:
                    target.take(line)
                    begun.add(line["source"]["table"])
                    continue
                if begun != set(VIEWS):
                    continue
                mirror.advance(line["checkpoint"]["order"], mirror.run_of(line))
                cuts += 1
                for name in VIEWS:
                    wanted, got = mirror.rows(name), target.content(name, columns[name])
                    if wanted != got:
                        raise RuntimeError(f"view {name} differs at checkpoint {text.decode()} of run {run}: "
                                           f"missing {list((wanted - got))[:3]}, too many {list((got - wanted))[:3]}")
    return cuts, target.changes


def run(bed):
    say(f"{KILLS} kills")
    bed.psql(SCHEMA)
    bed.psql(LOAD)
    (bed.work / "views.sql").write_text("".join(
        f"CREATE VIEW {name} KEY ({', '.join(VIEWS[name][0])}) AS {VIEWS[name][1]};\n" for name in ORDER))
    bed.psql("SELECT mix() FROM generate_series(1, 300)")
    subprocess.run([BIN / "cdc-capture", "--source", bed.source, "--slot", "cut", "--create",
                    "--exit-after-create", "--checkpoint", bed.checkpoint], env=bed.env, check=True)
    bed.start_pipe()
    bed.wait_acknowledged(1, 300)
    load = threading.Thread(target=bed.load_forever, daemon=True)
    load.start()
    victims = [["transform"], ["sink"], ["source"], ["transform", "sink"], ["transform"], ["tee", "transform"]]
    plan = [victims[i % len(victims)] for i in range(KILLS)]
    random.shuffle(plan)
    counted = 0
    for number, victim in enumerate(plan, 1):
        bed.wait_acknowledged(bed.acknowledged() + 1, 300)
        time.sleep(random.uniform(0.5, 2))
        end = time.monotonic() + 10
        while not (waiting := bed.unacknowledged()) and time.monotonic() < end:
            time.sleep(0.01)
        counted += waiting > 0
        say(f"kill {number}: {'+'.join(victim)}, {waiting} bytes unacknowledged")
        bed.kill(victim)
    if counted * 3 < KILLS * 2:
        raise RuntimeError(f"only {counted} of {KILLS} kills hit unacknowledged lines")
    time.sleep(2)
    bed.stop_load.set()
    load.join()
    bed.wait_acknowledged(lsn(bed.psql("SELECT pg_current_wal_flush_lsn()")), 300)
    bed.stages["source"].send_signal(signal.SIGTERM)
    bed.wait_pipe(300)
    cuts, changes = compare(bed)
    done = subprocess.run([BIN / "cdc-transform", "--views", bed.work / "views.sql", "--state",
                           bed.work / "state", "--check"], env=bed.env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"--check: {done.stdout}{done.stderr}")
    if cuts <= KILLS:
        raise RuntimeError(f"only {cuts} cuts")
    say(f"{KILLS} kills, {counted} with lines unacknowledged; {cuts} cuts, {changes} changed rows of views, "
        "each cut as PostgreSQL's own SELECT")


if __name__ == "__main__":
    beds.main(Pipe, run)
