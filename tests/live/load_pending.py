#!/usr/bin/env python3
"""Updates with unchanged columns, in whatever order snapshot, stream and replays reach the loader.

Random histories of a few keys (inserts, updates that leave columns unchanged, deletes, key changes,
truncates, a snapshot in the middle) are cut into several loads. Lines of one key keep their order;
snapshot rows, other keys and repeats come anywhere. The view must always be what the history says;
in history mode, which every other round has, the target must hold each operation, whole and once.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import load_lines as lines

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CDC_TEST_BIN", ROOT / "build" / "bin"))
ROUNDS = 200 if os.environ.get("CDC_TEST_SOAK") else 12
COLUMNS = [lines.column("id", "integer", False, 1), lines.column("q", "integer"),
           lines.column("note", "text"), lines.column("bio", "text")]


class History:
    """What happened to a table, as the lines of its stream and of a snapshot taken in between."""

    def __init__(self, rng, mode):
        self.rng = rng
        self.rows = {}
        self.stream = []       # (keys, line)
        self.snapshot = []
        self.operations = []   # (order, text)
        self.position = lines.POSITION
        steps = rng.randrange(8, 30)
        snapshot_at = rng.randrange(steps)
        begins_at = rng.randrange(snapshot_at + 1)  # what is older, only the snapshot brings
        if mode == "history":
            # A row that was there before the stream, and is gone before the snapshot, is never seen
            # whole: its updates would wait for ever.
            begins_at = rng.choice([0, snapshot_at])
        for step in range(steps):
            if step == begins_at:
                self.stream.clear()
                self.operations.clear()
            if step == snapshot_at:
                self.take_snapshot()
            self.step()

    def value(self):
        return self.rng.choice([None, "", "x" * self.rng.randrange(1, 300), f"v{self.position}"])

    def record(self, op, row, index=1):
        row = {"id": 0, "q": None, "note": None, "bio": None} | row
        self.operations.append((lines.order(self.position, index), row["id"],
                                lines.text({"operation_type": op, **row})))

    def emit(self, keys, *arguments, **more):
        self.stream.append((keys, lines.change(*arguments, **more)))

    def take_snapshot(self):
        self.position += 16
        self.snapshot = [lines.snapshot("begin", "t", self.position)]
        for key, row in self.rows.items():
            self.snapshot.append(lines.change("r", "t", {"id": key}, self.position, 0, after=row))
            self.record("r", row, 0)
        self.end = lines.snapshot("end", "t", self.position)

    def step(self):
        self.position += 16
        at, rng = self.position, self.rng
        kind = rng.choice(["c", "c", "u", "u", "u", "u", "d", "k", "t" if rng.random() < 0.2 else "u"])
        free = [key for key in range(6) if key not in self.rows]
        if kind == "t":
            self.rows.clear()
            self.record("t", {})
            self.emit(None, "t", "t", None, at)
        elif kind == "c" and free:
            key = rng.choice(free)
            self.rows[key] = {"id": key, "q": at, "note": self.value(), "bio": self.value()}
            self.record("c", self.rows[key])
            self.emit({key}, "c", "t", {"id": key}, at, after=self.rows[key])
        elif kind == "u" and self.rows:
            key = rng.choice(list(self.rows))
            row = dict(self.rows[key], q=at)
            unchanged = [name for name in ("note", "bio") if rng.random() < 0.6]
            for name in ("note", "bio"):
                if name not in unchanged:
                    row[name] = self.value()
            self.rows[key] = row
            self.record("u", row)
            after = {name: value for name, value in row.items() if name not in unchanged}
            more = {"unchanged": unchanged} if unchanged else {}
            self.emit({key}, "u", "t", {"id": key}, at, after=after, **more)
        elif kind == "d" and self.rows:
            key = rng.choice(list(self.rows))
            del self.rows[key]
            self.record("d", {"id": key})
            self.emit({key}, "d", "t", {"id": key}, at, before={"id": key})
        elif kind == "k" and self.rows and free:
            old, new = rng.choice(list(self.rows)), rng.choice(free)
            self.rows[new] = dict(self.rows.pop(old), id=new)
            self.record("d", {"id": old})
            self.record("c", self.rows[new], 2)
            remove = lines.change("d", "t", {"id": old}, at, 1, before={"id": old}, key_after={"id": new})
            create = lines.change("c", "t", {"id": new}, at, 2, after=self.rows[new],
                                  key_before={"id": old})
            self.stream.append(({old, new}, remove + "\n" + create))

    def shuffled(self):
        """The stream with keys interleaved at will, the snapshot's rows anywhere before its end."""
        rng = self.rng
        left, out = list(self.stream), []
        while left:
            blocked, ready = set(), []
            for index, (keys, _) in enumerate(left):
                if keys is None or not keys & blocked:
                    ready.append(index)
                blocked |= keys or set()
            out.append(left.pop(rng.choice(ready))[1])
        # A truncate is ordered by its order alone: it may stand anywhere too, and does.
        rows = self.snapshot[1:]
        rng.shuffle(rows)
        places = sorted(rng.randrange(len(out) + 1) for _ in rows)
        for row, place in reversed(list(zip(rows, places))):
            out.insert(place, row)
        after_rows = max([out.index(row) for row in rows], default=-1) + 1
        out.insert(rng.randrange(after_rows, len(out) + 1), self.end)
        return out


def query(target, text):
    return subprocess.run([ROOT / "scripts" / "chdb.py", "--format", "JSONEachRow", target, text],
                          capture_output=True, check=True, text=True).stdout.splitlines()


def load(target, part, mode):
    head = [lines.table("t", COLUMNS, "1111111111111111")]
    done = subprocess.run([BIN / "cdc-load", "--target", target, "--mode", mode, "--flush-interval", "1ms",
                           "--batch-rows", str(random.choice([1, 3, 1000]))],
                          input=("\n".join(head + part) + "\n").encode(), capture_output=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"cdc-load: exit {done.returncode}: {done.stderr.decode()}")


def one_round(seed, folder):
    rng = random.Random(seed)
    random.seed(seed)
    mode = "history" if seed % 2 else "replace"
    history = History(rng, mode)
    arrived = history.shuffled()
    loads, at = [], 0
    while at < len(arrived):
        size = rng.randrange(1, len(arrived) + 1)
        start = max(0, at - rng.randrange(0, 6)) if rng.random() < 0.5 else at  # a replay
        loads.append(arrived[start:at + size])
        at += size
    target = folder / f"round{seed}"
    for part in loads:
        load(f"chdb:{target}", part, mode)
    got = query(target, "SELECT id, q, note, bio FROM t ORDER BY id")
    wanted = [lines.text(history.rows[key]) for key in sorted(history.rows)]
    if mode == "history":
        got += query(target, "SELECT operation_type, id, q, note, bio FROM t_history FINAL "
                             "ORDER BY _version, id")
        wanted += [operation for _, _, operation in sorted(history.operations)]
    left = subprocess.run([ROOT / "scripts" / "chdb.py", target,
                           "SELECT count() FROM t_pending FINAL WHERE _done = 0"],
                          capture_output=True, check=False, text=True).stdout.strip()
    if got != wanted or left not in ("", "0"):
        print(f"FAILED: seed {seed}, {mode}, {left or 0} lines left waiting\nwanted:", *wanted, "got:", *got,
              sep="\n")
        for number, part in enumerate(loads):
            print(f"--- load {number}", *part, sep="\n")
        return False
    shutil.rmtree(target)
    return True


def main():
    first = int(os.environ.get("CDC_TEST_SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"{ROUNDS} histories from seed {first}")
    with tempfile.TemporaryDirectory(prefix="cdc-live-") as folder:
        for seed in range(first, first + ROUNDS):
            if not one_round(seed, pathlib.Path(folder)):
                return 1
    print("all as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
