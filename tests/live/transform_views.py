#!/usr/bin/env python3
"""Random views over random tables, kept current by derived queries through random changes: after each
batch every view is what its SELECT gives, in DuckDB and in PostgreSQL.

A missed key shows as a row that the SELECT no longer gives. The second view may read the first.
CDC_TEST_SEED repeats a run; CDC_TEST_ROUND starts with that round. CDC_TEST_SOAK=1: 10,000 rounds.
"""
import json
import os
import random
import subprocess

import bed
from bed import BIN, SEED, SOAK, say
from view_queries import SHAPES, Generator, Relation

ROUNDS = 10000 if SOAK else 200
BATCHES = 6


class Pipe:
    """A process that answers each request."""

    def __init__(self, words, env):
        self.process = subprocess.Popen([str(word) for word in words], env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def send(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.process.args[0]} ended")
        return text.rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Shell(Pipe):
    def ask(self, request):
        self.send(json.dumps(request))
        line = self.line()
        try:
            return json.loads(line)
        except ValueError:
            raise RuntimeError(f"{line}: {request}") from None

    def sql(self, text):
        answer = self.ask({"sql": text})
        if "error" in answer:
            raise RuntimeError(f"{answer['error']}\n{text}")
        return answer["rows"]

    def rows(self, query):
        return sorted_rows(self.sql(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query}) q"))


class Postgres(Pipe):
    def sql(self, text):
        self.send(f"{text};\n\\echo end")
        lines = []
        while (line := self.line()) != "end":
            lines.append(line)
        if any(line.startswith("ERROR") for line in lines):
            raise RuntimeError("\n".join([*lines, text]))
        return lines

    def rows(self, query):
        return sorted_rows([None if value == "~" else value for value in line.split("|")]
                           for line in self.sql(query))


def sorted_rows(rows):
    return sorted((tuple(row) for row in rows), key=lambda row: [(value is None, value or "") for value in row])


def literal(row):
    return "(" + ", ".join("NULL" if value is None else str(value) for value in row) + ")"


class Table:
    """Rows by id, in Python; what changes is written to both engines."""

    def __init__(self, name, rng):
        self.name = name
        self.columns = ["id", *(f"c{i}" for i in range(rng.randint(2, 4)))]
        self.rows = {}

    def create(self):
        return f"CREATE TABLE {self.name} ({', '.join(name + ' INTEGER' for name in self.columns)})"

    def value(self, rng):
        return None if rng.random() < 0.15 else rng.randrange(5)

    def insert(self, rng):
        key = rng.randrange(14)
        self.rows.setdefault(key, (key, *(self.value(rng) for _ in self.columns[1:])))

    def change(self, rng):
        """One random statement; a key change can take the place of a row that was there."""
        kind = rng.choices(("insert", "delete", "update", "key", "truncate"), (8, 5, 8, 3, 0.7))[0]
        if kind == "insert" or not self.rows:
            self.insert(rng)
        elif kind == "truncate":
            self.rows.clear()
        else:
            row = self.rows.pop(rng.choice(sorted(self.rows)))
            if kind == "update":
                place = rng.randrange(1, len(row))
                row = (*row[:place], self.value(rng), *row[place + 1:])
            elif kind == "key":
                row = (rng.randrange(14), *row[1:])
            if kind != "delete":
                self.rows[row[0]] = row


class Round:
    def __init__(self, seed, shell, postgres, seen):
        self.rng = random.Random(seed)
        self.shell, self.postgres, self.seen = shell, postgres, seen
        self.tables = [Table(f"t{i}", self.rng) for i in range(3)]
        self.views = []
        self.queries = []

    def run(self):
        self.create_tables()
        self.choose_views()
        for view in self.views:
            name, found_by = view["name"], view["found_by"]
            self.shell.sql(f"CREATE TABLE {name} AS {view['select']}")
            self.shell.sql(f"CREATE TABLE found_{name} AS SELECT "
                           f"{', '.join(found_by) or 'true AS changed'} FROM {name} LIMIT 0")
        for _ in range(BATCHES):
            self.cut()
            self.compare()

    def create_tables(self):
        self.postgres.sql("SET client_min_messages = error; DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; "
                          "SET search_path = s")
        for name in self.shell.sql("SELECT table_name FROM duckdb_tables()"):
            self.shell.sql(f"DROP TABLE {name[0]}")
        for table in self.tables:
            for _ in range(self.rng.randrange(14)):
                table.insert(self.rng)
            for engine in (self.shell, self.postgres):
                engine.sql(table.create())
            self.write(table, table.rows.values())

    def write(self, table, rows):
        values = ", ".join(map(literal, rows))
        if values:
            for engine in (self.shell, self.postgres):
                engine.sql(f"INSERT INTO {table.name} VALUES {values}")

    def choose_views(self):
        """Two views that are accepted; the second reads the first or tables."""
        relations = [Relation(table.name, table.columns, ["id"]) for table in self.tables]
        known = [{"name": table.name, "columns": [[name, "INTEGER"] for name in table.columns], "key": ["id"]}
                 for table in self.tables]
        file = ""
        while len(self.views) < 2:
            name = f"v{len(self.views)}"
            query = Generator(self.rng, relations).query()
            statement = f"CREATE VIEW {name} KEY ({', '.join(query.key)}) CHECKED AS {query.text};\n"
            answer = self.shell.ask({"file": file + statement, "relations": known})
            self.seen.setdefault(query.shape, [0, 0, 0, 0])[0] += 1
            if "error" in answer:
                if "view 'v" not in answer["error"]:
                    raise RuntimeError(f"{answer['error']}\n{statement}")
                continue
            self.seen[query.shape][1] += 1
            self.seen[query.shape][3] += answer["views"][-1]["unique"]
            file += statement
            self.views = answer["views"]
            self.queries.append(query)
            self.postgres.sql(f"CREATE VIEW {name} AS {query.postgres}")
            # The first view stands for most of what the second can read.
            relations = [self.rng.choice(relations),
                         Relation(name, self.views[-1]["columns"], query.key)]

    def cut(self):
        """A batch, as rules R1 to R13 have it."""
        changed = []
        for view in self.views:
            self.shell.sql(f"DELETE FROM found_{view['name']}")
        for table in self.rng.sample(self.tables, self.rng.choices((1, 2, 3), (6, 2, 1))[0]):
            before = dict(table.rows)
            for _ in range(self.rng.choices((1, 2, 4), (6, 2, 1))[0]):
                table.change(self.rng)
            old = [row for key, row in before.items() if table.rows.get(key) != row]
            new = [row for key, row in table.rows.items() if before.get(key) != row]
            if old or new:
                self.shell.sql(f"CREATE OR REPLACE TABLE changed_{table.name} AS SELECT * FROM {table.name} LIMIT 0")
                self.shell.sql(f"INSERT INTO changed_{table.name} VALUES {', '.join(map(literal, old + new))}")
                self.find(table.name)
                if old:
                    for engine in (self.shell, self.postgres):
                        engine.sql(f"DELETE FROM {table.name} WHERE id IN ({', '.join(str(row[0]) for row in old)})")
                self.write(table, new)
                changed.append(table.name)
        for view in self.views:
            for relation in changed:
                self.find_in(view, relation)
            if self.refresh(view):
                changed.append(view["name"])

    def find(self, relation):
        for view in self.views:
            self.find_in(view, relation)

    def find_in(self, view, relation):
        for query in view["derived"].get(relation, []):
            self.shell.sql(f"INSERT INTO found_{view['name']} {query}")

    def refresh(self, view):
        """The rows of the keys that were found, computed anew; true if some differ."""
        name = view["name"]
        found = (f"EXISTS (SELECT 1 FROM found_{name} f WHERE "
                 + (" AND ".join(f"f.{column} IS NOT DISTINCT FROM {name}.{column}" for column in view["found_by"])
                    or "true") + ")")
        if not self.shell.sql(f"SELECT 'found' FROM found_{name} LIMIT 1"):
            return False
        self.shell.sql(f"CREATE OR REPLACE TABLE new_{name} AS {view['recompute']}")
        self.shell.sql(f"CREATE OR REPLACE TABLE old_{name} AS SELECT * FROM {name} WHERE {found}")
        self.shell.sql(f"CREATE OR REPLACE TABLE changed_{name} AS "
                       f"(FROM old_{name} EXCEPT ALL FROM new_{name}) UNION ALL "
                       f"(FROM new_{name} EXCEPT ALL FROM old_{name})")
        if not self.shell.sql(f"SELECT 'changed' FROM changed_{name} LIMIT 1"):
            return False
        self.seen[self.queries[self.views.index(view)].shape][2] += 1
        self.find(name)
        self.shell.sql(f"DELETE FROM {name} WHERE {found}")
        self.shell.sql(f"INSERT INTO {name} FROM new_{name}")
        return True

    def compare(self):
        for view, query in zip(self.views, self.queries):
            if view["unique"]:
                self.compare_keys(view, query)
            kept = self.shell.rows(f"FROM {view['name']}")
            wanted = self.postgres.rows(f"SELECT * FROM {view['name']}")
            if kept != wanted:
                whole = self.shell.rows(view["select"])
                raise AssertionError(f"{view['name']} ({query.shape}) KEY {view['found_by']}: {query.text}\n"
                                     f"kept     {kept}\nDuckDB   {whole}\nwanted   {wanted}\n"
                                     f"derived  {json.dumps(view['derived'], indent=1)}")


    def compare_keys(self, view, query):
        """What is taken for a key of all rows is one, in either engine."""
        keys = ", ".join(view["found_by"])
        two = f"SELECT count(*) FROM {view['name']}" + (f" GROUP BY {keys}" if keys else "") + " HAVING count(*) > 1"
        rows = self.postgres.sql(two) + self.shell.rows(two)
        if rows:
            raise AssertionError(f"{view['name']} ({query.shape}) has two rows of one KEY {view['found_by']}: {query.text}")


def run(server):
    shell = Shell([BIN / "views-shell"], server.env)
    postgres = Postgres(["psql", "-X", "-q", "-At", "-P", "null=~", "-d", server.source], server.env)
    seen = {}
    try:
        for number in range(int(os.environ.get("CDC_TEST_ROUND", 0)), ROUNDS):
            if number % 500 == 0 and number > 0:
                say(f"round {number}")
            try:
                Round(f"{SEED}.{number}", shell, postgres, seen).run()
            except (AssertionError, RuntimeError):
                say(f"CDC_TEST_SEED={SEED} CDC_TEST_ROUND={number}")
                raise
    finally:
        shell.close()
        postgres.close()
    for shape in sorted(SHAPES):
        tried, accepted, changed, unique = seen.get(shape, (0, 0, 0, 0))
        say(f"{shape}: {tried} tried, {accepted} accepted, {unique} with a unique key, {changed} batches changed it")
        assert accepted and changed, f"no view of the shape {shape}"


if __name__ == "__main__":
    bed.main(lambda work: bed.Bed(work, ("postgres",)), run)
