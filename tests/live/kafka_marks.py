#!/usr/bin/env python3
"""cdc-publish --marks and cdc-consume --marks: at each checkpoint line the lines before it are those
of the source below that checkpoint, none missing and none ahead, in topics of several partitions,
wherever publisher and reader are killed, with transactions and without. Marks of tables (cdc-event(5),
FACTS AND MARKS) come through to cdc-load.

CDC_TEST_SOAK=1: more rows and kills. CDC_TEST_SEED repeats a run's choices.
"""
import json
import random
import subprocess
import threading
import time

import bed as beds
from bed import say

ROWS = 20000 if beds.SOAK else 1500
KILLS = 20 if beds.SOAK else 4


def order_of(line):
    return line["source"]["order"]


class Topics(beds.Bed):
    def __init__(self, work):
        super().__init__(work, services=("kafka",))
        self.brokers = self.urls["CDC_TEST_KAFKA_BROKERS"]

    def make_lines(self, name, *options):
        path = self.work / name
        with open(path, "wb") as out:
            subprocess.run([beds.ROOT / "tests" / "live" / "kafka_lines.py", *options], stdout=out, check=True)
        return path

    def publisher(self, prefix, checkpoint, *options):
        return self.spawn(["cdc-publish", "--brokers", self.brokers, "--prefix", prefix, "--partitions", "3",
                           "--marks", "--checkpoint", checkpoint, *options], stdin=subprocess.PIPE)

    def reader(self, prefix, lines, checkpoint, *options):
        consume = self.spawn(["cdc-consume", "--brokers", self.brokers, "--prefix", prefix, "--topics",
                              f"{prefix}.*", "--marks", "--checkpoint", checkpoint, *options],
                             stdout=subprocess.PIPE)
        sink = self.spawn([beds.ROOT / "tests" / "live" / "acknowledge.py", lines, checkpoint], stdin=consume.stdout)
        consume.stdout.close()
        return consume, sink


def resumed(path, checkpoint):
    """What a source sends that goes on from the checkpoint file, table lines first."""
    order = beds.acknowledged(checkpoint)["order"]
    tables, started = {}, set()
    for text in open(path, "rb"):
        line = json.loads(text)
        if "table" in line:
            tables[line["source"]["table"]] = text
            if line["source"]["table"] in started:
                yield text
        elif "op" in line:
            if order_of(line) < order:
                continue
            if line["source"]["table"] not in started:
                started.add(line["source"]["table"])
                yield tables[line["source"]["table"]]
            yield text
        elif line["checkpoint"]["order"] > order:
            yield text


def place_of(text):
    """The order of any line."""
    line = json.loads(text)
    return line["checkpoint"]["order"] if "checkpoint" in line else order_of(line)


def feed_slowly(process, lines, last):
    """Lines up to the order `last`, until the process is killed."""
    try:
        for number, line in enumerate(lines):
            if place_of(line) > last:
                break
            process.stdin.write(line)
            if number % 5 == 0:
                process.stdin.flush()
                time.sleep(0.02)
        process.stdin.flush()
    except (BrokenPipeError, ValueError):
        pass


def feed_in_steps(bed, publisher, lines, fed, read, steps):
    """Feeds all lines, in steps behind the order `fed`, up to which publishers that were killed had them: no mark
    is a cut while there is more of theirs. The reader comes up to each step: a cut a step, whatever the machine is
    doing."""
    lines = list(lines)
    publisher.stdin.write(b"".join(line for line in lines if place_of(line) <= fed))
    lines = [line for line in lines if place_of(line) > fed]
    for step in range(steps):
        part = lines[len(lines) * step // steps:len(lines) * (step + 1) // steps]
        publisher.stdin.write(b"".join(part))
        publisher.stdin.flush()
        await_order(bed, read, max(place_of(line) for line in part if line.startswith(b'{"checkpoint"')))


def await_order(bed, read, order):
    end = time.monotonic() + 300
    while beds.acknowledged(read)["order"] < order:
        if time.monotonic() > end:
            raise RuntimeError(f"read up to {beds.acknowledged(read)}, not {order}\n{bed.tail()}")
        time.sleep(0.05)


def check_cuts(wanted, path, start):
    """Each checkpoint line of one reader's run, which began at the order `start`."""
    seen = {order for order in wanted if order < start}
    cuts = 0
    for text in open(path, "rb"):
        if not text.endswith(b"\n"):
            break
        line = json.loads(text)
        if "op" in line:
            seen.add(order_of(line))
        elif "checkpoint" in line:
            order = line["checkpoint"]["order"]
            cut = {each for each in wanted if each < order}
            if seen != cut:
                raise RuntimeError(f"{path.name} at {order}: {len(cut - seen)} changes are missing "
                                   f"{sorted(cut - seen)[:3]}, {len(seen - cut)} are ahead "
                                   f"{sorted(seen - cut)[:3]}")
            cuts += 1
    return cuts


def run_kills(bed, prefix, *options):
    say(f"{KILLS} kills, {' '.join(options) or 'without transactions'}")
    lines = bed.make_lines(f"{prefix}.in", "--rows", str(ROWS), "--keys", "97", "--tables", "3", "--alter", "2",
                           "--checkpoint-every", "17")
    wanted = {order_of(json.loads(line)) for line in open(lines, "rb") if b'"op":' in line}
    orders = sorted(wanted)
    published = bed.work / f"{prefix}.pub.json"
    read = bed.work / f"{prefix}.con.json"
    runs = []

    def start_reader(*more):
        runs.append((bed.work / f"{prefix}.{len(runs)}", beds.acknowledged(read)["order"]))
        return bed.reader(prefix, runs[-1][0], read, "--allow-no-match", "-X",
                          "topic.metadata.refresh.interval.ms=300", *more)

    reader = start_reader()
    for kill in range(KILLS):
        publisher = bed.publisher(prefix, published, *options)
        fed = orders[len(orders) * (kill + 1) // (KILLS + 1) - random.randrange(1, 50)]
        feeder = threading.Thread(target=feed_slowly, daemon=True, args=(publisher, resumed(lines, published), fed))
        feeder.start()
        time.sleep(random.uniform(1, 2))
        publisher.kill()
        publisher.wait()
        feeder.join()
        if random.random() < 0.6:
            reader[0].kill()
            for process in reader:
                process.wait()
            reader = start_reader()
    publisher = bed.publisher(prefix, published, *options)
    feed_in_steps(bed, publisher, resumed(lines, published), fed, read, 5)
    publisher.stdin.close()
    if publisher.wait(300) != 0:
        raise RuntimeError(bed.tail())
    last = max(json.loads(line)["checkpoint"]["order"] for line in open(lines, "rb") if b'{"checkpoint"' in line)
    await_order(bed, read, last)
    reader[0].terminate()
    if [process.wait(300) for process in reader] != [0, 0]:
        raise RuntimeError(bed.tail())
    reader = start_reader("--exit-at-end")
    if [process.wait(300) for process in reader] != [0, 0]:
        raise RuntimeError(bed.tail())
    runs.append((bed.work / f"{prefix}.whole", "0" * 32))
    fresh = bed.reader(prefix, runs[-1][0], bed.work / f"{prefix}.whole.json", "--exit-at-end")
    if [process.wait(300) for process in fresh] != [0, 0]:
        raise RuntimeError(bed.tail())
    cuts = [check_cuts(wanted, path, start) for path, start in runs]
    if cuts[-1] == 0 or sum(cuts[:-1]) < 5:
        raise RuntimeError(f"too few cuts: {cuts}\n{bed.tail()}")
    say(f"cuts of each reader: {cuts}")


def run_table_marks(bed):
    say("marks of tables come to cdc-load, with what is before them")
    lines = bed.make_lines("marked", "--rows", "200", "--keys", "20", "--tables", "2")
    text = open(lines, "rb").read().splitlines(keepends=True)
    marked = {}
    for at, line in enumerate(text[:100]):
        if b'"op":' in line:
            marked[json.loads(line)["source"]["table"]] = at
    for at in sorted(marked.values(), reverse=True):
        mark = {"mark": {"kind": "unproven", "why": "a test"}, "source": json.loads(text[at])["source"], "ts_ms": 1}
        text.insert(at + 1, json.dumps(mark, separators=(",", ":")).encode() + b"\n")
    target = f"chdb:{bed.work}/target"
    state = bed.work / "load.json"
    for part in (text[:len(text) // 2], text[len(text) // 2:]):
        publisher = bed.publisher("marked", bed.work / "marked.json")
        publisher.stdin.write(b"".join(part))
        publisher.stdin.close()
        if publisher.wait(300) != 0:
            raise RuntimeError(bed.tail())
        consume = bed.spawn(["cdc-consume", "--brokers", bed.brokers, "--prefix", "marked", "--topics",
                             "marked.public.*", "--marks", "--exit-at-end", "--checkpoint", state],
                            stdout=subprocess.PIPE)
        load = bed.spawn(["cdc-load", "--target", target, "--checkpoint", state, "--metrics",
                          bed.work / "load.prom"], stdin=consume.stdout)
        consume.stdout.close()
        if [load.wait(300), consume.wait(300)] != [0, 0]:
            raise RuntimeError(bed.tail())
        figures = dict(line.split() for line in open(bed.work / "load.prom") if not line.startswith("#"))
        if figures["cdc_load_unproven_tables"] != "2":
            raise RuntimeError(f"marked tables: {figures['cdc_load_unproven_tables']}\n{bed.tail()}")


def run_renamed(bed):
    say("a stream that has another name: its old marks are waited for, until a record without value ends it")
    lines = open(bed.make_lines("renamed", "--rows", "400", "--keys", "50"), "rb").read().splitlines(keepends=True)
    cuts = [at for at, line in enumerate(lines) if line.startswith(b'{"checkpoint"')]
    middle = cuts[len(cuts) // 2] + 1
    slot = json.loads(lines[cuts[0]])["checkpoint"]["slot"]
    renamed = [line.replace(f'"slot":"{slot}"'.encode(), b'"slot":"another"') for line in lines[middle:]]
    tables = [line for line in lines if line.startswith(b'{"table"')]
    for name, part in (("first", lines[:middle]), ("second", tables + renamed)):
        publisher = bed.publisher("renamed", bed.work / f"renamed_{name}.json")
        publisher.stdin.write(b"".join(part))
        publisher.stdin.close()
        if publisher.wait(300) != 0:
            raise RuntimeError(bed.tail())
    consume, sink = bed.reader("renamed", bed.work / "renamed.out", bed.work / "renamed.place")
    deadline = time.monotonic() + 300
    while "no checkpoint line for 30 s" not in bed.tail():
        if time.monotonic() > deadline:
            raise RuntimeError(f"no warning\n{bed.tail()}")
        time.sleep(0.2)
    key = json.dumps({"kind": "postgres", "server": json.loads(lines[cuts[0]])["checkpoint"]["server"],
                      "database": json.loads(lines[cuts[0]])["checkpoint"]["database"], "slot": slot}, separators=(",", ":"))
    subprocess.run(["kcat", "-P", "-b", bed.brokers, "-t", "renamed.marks", "-p", "0", "-K", "\t", "-Z"], check=True,
                   input=f"{key}\t\n".encode())
    last = json.loads(renamed[-1])["checkpoint"]["order"]
    await_order(bed, bed.work / "renamed.place", last)
    consume.terminate()
    if [consume.wait(300), sink.wait(300)] != [0, 0]:
        raise RuntimeError(bed.tail())


def run(bed):
    run_kills(bed, "plain")
    run_kills(bed, "exact", "--exactly-once", "--transaction-time", "100ms")
    run_table_marks(bed)
    run_renamed(bed)


if __name__ == "__main__":
    beds.main(Topics, run)
