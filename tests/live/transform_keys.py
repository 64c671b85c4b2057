#!/usr/bin/env python3
"""Random SELECTs over tables with keys of one column, of two and without: a KEY that is taken as shown by the SELECT
is one, whatever the tables hold. No server.

CDC_TEST_SEED repeats a run. CDC_TEST_SOAK=1: 200,000 SELECTs.
"""
import json
import random
import subprocess

from bed import BIN, SEED, SOAK, say

SELECTS = 200_000 if SOAK else 4000
TABLES = {"a": (["id", "x", "y"], ["id"]), "b": (["p", "q", "x"], ["p", "q"]), "c": (["k", "x"], ["k"]), "d": (["x", "y"], [])}


class Shell:
    def __init__(self):
        self.process = subprocess.Popen([BIN / "views-shell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def sql(self, text):
        answer = self.ask({"sql": text})
        if "error" in answer:
            raise RuntimeError(f"{answer['error']}: {text}")
        return answer["rows"]


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.selects = 0

    def rows(self, columns, key):
        """Few values, so that what is no key has rows that show it."""
        rows = {}
        for number in range(self.rng.randrange(3, 9)):
            row = {c: self.rng.randrange(3) if c in key else self.rng.choice(("NULL", "0", "1", "2")) for c in columns}
            rows[tuple(row[c] for c in key) or number] = f"({', '.join(str(row[c]) for c in columns)})"
        return ", ".join(rows.values())

    def item(self, depth, alias):
        """One of FROM, and its columns."""
        if depth and self.rng.random() < 0.3:
            select, columns = self.select(depth - 1)
            return f"({select}) {alias}", [f"{alias}.{column}" for column in columns]
        name = self.rng.choice(list(TABLES))
        return f"{name} {alias}", [f"{alias}.{column}" for column in TABLES[name][0]]

    def condition(self, columns, own):
        parts = []
        for _ in range(self.rng.randrange(1, 4)):
            one, other = self.rng.choice(columns), self.rng.choice(own)
            parts.append(self.rng.choices((f"{one} = {other}", f"{one} = {self.rng.randrange(3)}",
                                           f"{one} IS NOT DISTINCT FROM {other}", f"{one} > {other}"), (13, 3, 2, 2))[0])
        return " AND ".join(parts)

    def select(self, depth):
        """Its text and the names of its columns."""
        self.selects += 1
        number = self.selects
        text, columns = self.item(depth, f"s{number}_0")
        if self.rng.random() < 0.15:
            right, more = self.item(depth, f"s{number}_1")
            left_key, right_key = self.rng.choice(columns), self.rng.choice(more)
            return (f"SELECT coalesce({left_key}, {right_key}) AS k{number} FROM {text} FULL JOIN {right} "
                    f"ON {left_key} = {right_key}", [f"k{number}"])
        for place in range(1, self.rng.choice((1, 2, 2, 3))):
            right, more = self.item(depth, f"s{number}_{place}")
            text += f" {self.rng.choice(('JOIN', 'LEFT JOIN'))} {right} ON {self.condition(columns, more)}"
            columns = columns + more
        if self.rng.random() < 0.4:
            text += " WHERE " + self.condition(columns, columns)
        chosen = self.rng.sample(columns, min(len(columns), self.rng.randrange(1, 5)))
        names = [column.replace(".", "_") for column in chosen]
        items = ", ".join(f"{column} AS {name}" for column, name in zip(chosen, names))
        kind = self.rng.random()
        if kind < 0.2:
            return f"SELECT {items}, count(*) AS n{number} FROM {text} GROUP BY {', '.join(chosen)}", [*names, f"n{number}"]
        if kind < 0.3:
            return f"SELECT DISTINCT {items} FROM {text}", names
        if kind < 0.4:
            partition = ", ".join(self.rng.sample(chosen, self.rng.randrange(1, len(chosen) + 1)))
            text += f" QUALIFY row_number() OVER (PARTITION BY {partition} ORDER BY {', '.join(columns)}) = 1"
        return f"SELECT {items} FROM {text}", names


def main():
    say(f"CDC_TEST_SEED={SEED}")
    shell, maker = Shell(), Maker(random.Random(SEED))
    known = [{"name": name, "columns": [[column, "INTEGER"] for column in columns], "key": key}
             for name, (columns, key) in TABLES.items()]
    for name, (columns, _) in TABLES.items():
        shell.sql(f"CREATE TABLE {name} ({', '.join(column + ' INTEGER' for column in columns)})")
    accepted = shown = 0
    for number in range(SELECTS):
        select, columns = maker.select(maker.rng.choice((1, 2)))
        key = ", ".join(maker.rng.sample(columns, maker.rng.randrange(1, len(columns) + 1)))
        answer = shell.ask({"file": f"CREATE VIEW v KEY ({key}) CHECKED AS {select};", "relations": known})
        accepted += "error" not in answer
        if "error" in answer or not answer["views"][0]["unique"]:
            continue
        shown += 1
        for _ in range(3):
            if maker.rng.random() < 0.5 or shown == 1:
                for name, (columns, table_key) in TABLES.items():
                    shell.sql(f"DELETE FROM {name}")
                    shell.sql(f"INSERT INTO {name} VALUES {maker.rows(columns, table_key)}")
            two = shell.sql(f"SELECT 'two' FROM ({select}) GROUP BY {key} HAVING count(*) > 1")
            assert not two, f"SELECT {number} has two rows of one KEY ({key}): {select}"
    say(f"{SELECTS} SELECTs, {accepted} accepted, {shown} with a key that is shown")
    assert shown > SELECTS / 20, "few keys are shown"


main()
