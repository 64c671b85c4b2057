#!/usr/bin/env python3
"""Two captures, of PostgreSQL and of MySQL, into cdc-transform and a sink, parts killed at random under load: at every
cut of either source the views are PostgreSQL's own answer over the tables of both.

As transform_kill.py, whose load, mirror and comparison it uses. Both captures' lines fill one mirror; at each checkpoint
line that left cdc-transform the mirror is taken to that source's position, the other source staying where its own last
checkpoint line left it. Behind a restart lines come again without their checkpoint lines: there the other source may
stand at a later one of its checkpoints.

CDC_TEST_SOAK=1: 30 kills, else 6. CDC_TEST_SEED repeats a run's choices.
"""
import json
import os
import random
import signal
import subprocess
import threading
import time

import bed as beds
import transform_kill as single
from bed import BIN, say

KILLS = single.KILLS

STOCK = """
CREATE TABLE stock (product_id int PRIMARY KEY, place varchar(20), quantity int NOT NULL);
CREATE TABLE moves (product_id int, n int);
"""

# name: (key, SELECT)
VIEWS = {
    "stocked": (["id"], """SELECT o.id, o.quantity, length(o.note) AS letters, s.place, s.quantity AS left_over
        FROM orders o JOIN stock s ON s.product_id = o.product_id"""),
    "by_place": (["place"], """SELECT s.place, count(*) AS orders, sum(o.amount) AS amount
        FROM orders o JOIN stock s ON s.product_id = o.product_id GROUP BY s.place HAVING count(*) > 1"""),
    "idle": (["product_id"], """SELECT s.product_id, s.place FROM stock s LEFT JOIN orders o ON o.product_id = s.product_id
        WHERE o.id IS NULL"""),
    "moved": (["id"], """SELECT c.id, c.name, m.n FROM customers c JOIN move_counts m ON m.product_id = c.id
        WHERE EXISTS (SELECT 1 FROM stock s WHERE s.product_id = c.id AND s.quantity > 3)"""),
    "move_counts": (["product_id"], """SELECT product_id, count(*) AS n, count(DISTINCT n) AS kinds
        FROM moves GROUP BY product_id"""),
}
ORDER = ["stocked", "by_place", "idle", "move_counts", "moved"]


class Pipe(single.Pipe):
    def __init__(self, work):
        self.stop_load = threading.Event()
        self.stages = {}
        self.runs = 0
        self.files = {"shop": work / "shop.json", "stock": work / "stock.json"}
        beds.Bed.__init__(self, work, services=("postgres", "mysql"))
        self.mysql = self.urls["CDC_TEST_MYSQL_URL"]
        self.sources = {"shop": [f"--source={self.source}", "--slot=cut"], "stock": [f"--source={self.mysql}/stock"]}

    def captured(self, name):
        """The checkpoint file of a capture."""
        return self.files[name]

    def my(self, text, database="stock", check=True):
        words = ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", self.mysql.rsplit(":", 1)[1], "-u", "root", "-NB",
                 "-e", text]
        done = subprocess.run(words + ([database] if database else []), capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def start_pipe(self):
        self.runs += 1
        run = self.work / f"pipe.{self.runs}"
        inputs, pipes = [], []
        for name, words in self.sources.items():
            fifo = self.work / f"{name}.fifo"
            if not fifo.exists():
                os.mkfifo(fifo)
            text = " ".join(f"'{word}'" for word in words + [f"--checkpoint={self.files[name]}"])
            source = self.spawn(["bash", "-c", f"""
                cdc-snapshot {text} --drain 20s &&
                exec cdc-capture {text} --checkpoint-interval 200ms"""], stdout=subprocess.PIPE)
            tee = self.spawn(["bash", "-c", f"exec tee -i '{run}.{name}.in' >'{fifo}'"], stdin=source.stdout)
            source.stdout.close()
            self.stages |= {name: source, f"tee of {name}": tee}
            inputs += ["--input", f"{name}={fifo}", "--checkpoint", f"{name}={self.files[name]}"]
        transform = self.spawn(["cdc-transform", "--views", self.work / "views.sql", "--state", self.work / "state",
                                *inputs], stdout=subprocess.PIPE)
        sink = self.spawn([beds.ROOT / "tests" / "live" / "acknowledge.py", f"{run}.out", self.work], stdin=transform.stdout)
        transform.stdout.close()
        self.stages |= {"transform": transform, "sink": sink}

    def kill(self, victims):
        for victim in victims:
            self.stages[victim].send_signal(signal.SIGKILL)
        time.sleep(random.uniform(0, 1)) # others go on without a source
        for name in self.sources:
            self.stages[name].send_signal(random.choice([signal.SIGTERM, signal.SIGKILL]))
        if "transform" in victims: # a FIFO that nobody reads any more, or not yet
            for name in self.sources:
                self.stages[f"tee of {name}"].send_signal(signal.SIGKILL)
        self.wait_pipe(300)
        self.start_pipe()

    def held(self):
        return {name: beds.acknowledged(file)["order"] for name, file in self.files.items()}

    def wait_held(self, above, seconds=300):
        end = time.monotonic() + seconds
        while any(order <= above[name] for name, order in self.held().items()):
            if time.monotonic() > end:
                raise RuntimeError(f"not acknowledged in time: {self.held()}, {above}\n{self.tail()}")
            time.sleep(0.1)

    def wait_begun(self, seconds=300):
        """Until all views have begun: a snapshot that is read again is not what this test is about."""
        out = self.work / "pipe.1.out"
        end = time.monotonic() + seconds
        while not out.exists() or out.read_bytes().count(b'"status":"end"') < len(VIEWS):
            if time.monotonic() > end:
                raise RuntimeError(f"the views do not begin\n{self.tail()}")
            time.sleep(0.1)

    def load_stock(self):
        chance = random.Random(beds.SEED)
        while not self.stop_load.is_set():
            product, other = chance.randrange(60), chance.randrange(60)
            self.my(chance.choice([
                f"REPLACE INTO stock VALUES ({product}, 'place {other % 5}', {other % 7})",
                f"UPDATE stock SET quantity = quantity + 1 WHERE product_id % 7 = {product % 7}",
                f"UPDATE IGNORE stock SET product_id = {other} WHERE product_id = {product}",
                f"START TRANSACTION; DELETE FROM stock WHERE product_id = {product}; "
                f"INSERT IGNORE INTO stock VALUES ({other}, NULL, 4); COMMIT",
                f"INSERT INTO moves VALUES ({product}, {other % 3}), ({product}, {other % 3})",
                "DELETE FROM moves LIMIT 2",
                f"UPDATE moves SET n = n + 1 WHERE product_id = {product} LIMIT 1",
                "TRUNCATE stock" if other < 5 else "DO 0"]))


class Mirror(single.Mirror):
    """The tables of both sources, each as of its own checkpoint."""

    def read(self):
        bed = self.bed
        self.of = {}
        self.runs_of = {}
        for name in bed.sources:
            changes, self.runs_of[name] = self.read_input(
                [bed.work / f"pipe.{run}.{name}.in" for run in range(1, bed.runs + 1)])
            self.of[name] = (changes, 0)
        self.at = dict.fromkeys(bed.sources, "")
        return [], {}

    def cuts(self, name):
        """Orders of all checkpoint lines, and the last run that had each."""
        return sorted({order: run for (order, _), run in self.runs_of[name].items()}.items())

    def run_of(self, line):
        self.runs = self.runs_of[line["input"]]
        return super().run_of(line)

    def statement(self, change):
        """Keys have other names than `id` too."""
        if change["op"] in ("u", "d") and change["key"]:
            where = " AND ".join(f"{c} = {single.quoted(v)}" for c, v in change["key"].items())
            if change["op"] == "d":
                return f"DELETE FROM {change['source']['table']} WHERE {where}"
            pairs = ", ".join(f"{c} = {single.quoted(v)}" for c, v in change["after"].items())
            return f"UPDATE {change['source']['table']} SET {pairs} WHERE {where}"
        return super().statement(change)

    def advance_input(self, name, order, run):
        self.changes, self.done = self.of[name]
        self.advance(order, run)
        self.of[name] = (self.changes, self.done)
        self.at[name] = max(self.at[name], order)


def differing(mirror, target, columns):
    for name in VIEWS:
        wanted, got = mirror.rows(name), target.content(name, columns[name])
        if wanted != got:
            return f"view {name}: missing {list(wanted - got)[:3]}, too many {list(got - wanted)[:3]}"
    return ""


def compare(bed):
    mirror = Mirror(bed)
    columns = {name: mirror.columns(name) for name in VIEWS}
    target = single.Target()
    cuts = 0
    begun = set()
    for run in range(1, bed.runs + 1):
        with open(bed.work / f"pipe.{run}.out", "rb") as lines:
            told = set() # inputs that had a checkpoint line in this run
            for text in lines:
                if not text.endswith(b"\n"):
                    continue # the sink was killed
                line = json.loads(text)
                if "checkpoint" not in line:
                    target.take(line)
                    begun.add(line["source"]["table"])
                    continue
                told.add(line["input"])
                mirror.advance_input(line["input"], line["checkpoint"]["order"], mirror.run_of(line))
                if begun != set(VIEWS):
                    continue
                cuts += 1
                found = differing(mirror, target, columns)
                for other in set(bed.sources) - told:
                    for order, cut_run in mirror.cuts(other):
                        if found and order > mirror.at[other]:
                            mirror.advance_input(other, order, cut_run)
                            found = differing(mirror, target, columns)
                if found:
                    raise RuntimeError(f"run {run}, checkpoint {text.decode()}: {found}")
    return cuts, target.changes


def prepare(bed):
    """Tables with rows, the views' file, and the slot."""
    bed.psql(single.SCHEMA)
    bed.psql(single.LOAD)
    bed.my("CREATE DATABASE stock", database="")
    bed.my(STOCK)
    single.SCHEMA += STOCK
    single.VIEWS, single.ORDER, single.KEYLESS = VIEWS, ORDER, {"visits", "moves"}
    (bed.work / "views.sql").write_text("TYPE stock.stock.place text;\n" + "".join( # of MySQL; its bytes count
        f"CREATE VIEW {name} KEY ({', '.join(VIEWS[name][0])}) AS {VIEWS[name][1]};\n" for name in ORDER))
    bed.psql("SELECT mix() FROM generate_series(1, 300)")
    bed.my("INSERT INTO stock VALUES " + ", ".join(f"({i}, 'place {i % 5}', {i % 7})" for i in range(40)))
    subprocess.run([BIN / "cdc-capture", *bed.sources["shop"], "--create", "--exit-after-create", "--checkpoint",
                    bed.captured("shop")], env=bed.env, check=True)


def check_state(bed):
    """Each view in the state is its SELECT over the tables there."""
    done = subprocess.run([BIN / "cdc-transform", "--views", bed.work / "views.sql", "--state", bed.work / "state",
                           "--check"], env=bed.env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"--check: {done.stdout}{done.stderr}")


def conclude(bed, cuts, changes):
    check_state(bed)
    if cuts <= KILLS:
        raise RuntimeError(f"only {cuts} cuts")
    say(f"{KILLS} kills, {cuts} cuts of two sources, {changes} changed rows of views, each cut as PostgreSQL's own SELECT")


def run(bed):
    say(f"{KILLS} kills")
    prepare(bed)
    bed.start_pipe()
    bed.wait_begun()
    loads = [threading.Thread(target=load, daemon=True) for load in (bed.load_forever, bed.load_stock)]
    for load in loads:
        load.start()
    victims = [["transform"], ["sink"], ["shop"], ["stock"], ["transform", "sink"], ["shop", "transform"],
               ["tee of stock"]]
    plan = [victims[i % len(victims)] for i in range(KILLS)]
    random.shuffle(plan)
    for number, victim in enumerate(plan, 1):
        bed.wait_held(bed.held())
        time.sleep(random.uniform(0.5, 2))
        say(f"kill {number}: {'+'.join(victim)}")
        bed.kill(victim)
    bed.wait_held(bed.held())
    bed.stop_load.set()
    for load in loads:
        load.join()
    time.sleep(2)
    for name in bed.sources:
        bed.stages[name].send_signal(signal.SIGTERM)
    bed.wait_pipe(300)
    conclude(bed, *compare(bed))


if __name__ == "__main__":
    beds.main(Pipe, run)
