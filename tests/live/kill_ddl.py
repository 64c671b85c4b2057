#!/usr/bin/env python3
"""kill_pipe.py with DDL running through it: columns added with constant defaults, widened and
dropped, tables made and dropped, types rewritten, names swapped. Nothing that rows tell is lost.
What DDL changed without rows is said: those tables are stale, are read again beside the stream at
the end, and then every table is the same row by row.

Pain 11: a column change stops nothing. Pain 13: shapes change while parts of the pipe are down.
CDC_TEST_MODE=history: cdc-load --mode history. CDC_TEST_SOAK=1: 30 kills, else 4.
"""
import os
import random
import subprocess
import sys
import time

import bed as beds
import kill_pipe
from bed import say

SCHEMA = """
CREATE TABLE retyped (id serial PRIMARY KEY, a int, b varchar(10));
CREATE TABLE swap_a (id serial PRIMARY KEY, v text);
CREATE TABLE swap_b (id serial PRIMARY KEY, v text);
"""
RETYPED = """SELECT atttypid = 'bigint'::regtype FROM pg_attribute
             WHERE attrelid = 'retyped'::regclass AND attname = 'a'"""
# swap_a was made first: its number is the lower one until they are swapped.
SWAPPED = "SELECT 'swap_a'::regclass::oid > 'swap_b'::regclass::oid"


class DdlPipe(kill_pipe.Pipe):
    schema = kill_pipe.SCHEMA + SCHEMA
    # Each new table and column is a handful of questions to the target.
    drain_seconds = 1200 if beds.SOAK else 300
    load_options = ["--mode", "history"] if os.environ.get("CDC_TEST_MODE") == "history" else []

    def __init__(self, work):
        self.made = []
        self.statements = 0
        super().__init__(work)

    def writers(self):
        return [*super().writers(), self.change_forever]

    def change_forever(self):
        number = 0
        while not self.stop_load.is_set():
            number += 1
            for statement in self.round(number):
                # A server that is down, or was killed in the middle, has it or has it not.
                if self.psql(statement, check=False) is not None:
                    self.statements += 1
                time.sleep(random.uniform(0, 0.5))
        # A new column is told by the next change of its table alone: each table gets one.
        for name in ["mixed", *self.made_tables()]:
            self.psql(f"UPDATE {name} SET id = id WHERE id = (SELECT min(id) FROM {name})")

    def made_tables(self):
        return self.psql("SELECT relname FROM pg_class WHERE relname ~ '^made_[0-9]+$' AND relkind = 'r'").split()

    def round(self, n):
        column = f"x{n}"
        kind, value = random.choice([("int", str(n)), ("text", "'it''s'"), ("numeric(8,2)", "1.5"),
                                     ("timestamptz NOT NULL", "now()"), ("boolean", "true")])
        yield f"ALTER TABLE mixed ADD {column} {kind} DEFAULT {value}"
        yield f"UPDATE mixed SET n = n + 1, {column} = DEFAULT WHERE id % 5 = {n % 5}"
        yield f"ALTER TABLE mixed ALTER price TYPE numeric({12 + n},2)"
        if n > 3:
            yield f"ALTER TABLE mixed DROP x{n - 3}"
        yield f"CREATE TABLE made_{n} (id int PRIMARY KEY, v text)"
        yield f"INSERT INTO made_{n} SELECT g, 'x' FROM generate_series(1, 20) g"
        yield f"ALTER TABLE made_{n} ADD w int DEFAULT {n}"
        yield f"UPDATE made_{n} SET v = 'y', w = 0 WHERE id < 5"
        yield "INSERT INTO retyped (a, b) SELECT g, 'x' FROM generate_series(1, 5) g"
        # Once each, and again where a kill undid it.
        if self.psql(RETYPED, check=False) == "f":
            yield "ALTER TABLE retyped ALTER a TYPE bigint USING a * 2"
        yield f"""INSERT INTO swap_a (v) VALUES ('a{n}'); INSERT INTO swap_b (v) VALUES ('b{n}')"""
        if self.psql(SWAPPED, check=False) == "f":
            yield """BEGIN; ALTER TABLE swap_a RENAME TO swap_c; ALTER TABLE swap_b RENAME TO swap_a;
                     ALTER TABLE swap_c RENAME TO swap_b; COMMIT;
                     INSERT INTO swap_a (v) VALUES ('swapped'); INSERT INTO swap_b (v) VALUES ('swapped')"""

    def wanted_stale(self):
        """What PostgreSQL says happened, whether or not we were told: a killed server may have."""
        wanted = {"retyped"} if self.psql(RETYPED) == "t" else set()
        return wanted | {"swap_a", "swap_b"} if self.psql(SWAPPED) == "t" else wanted

    def marked(self, item):
        return set(self.clickhouse(f"SELECT name FROM _cdc_state FINAL WHERE item = '{item}' AND value != '' "
                                   "FORMAT TSV").split())

    def compare(self):
        wanted = self.wanted_stale()
        stale = self.marked("stale")
        marked = stale | self.marked("unproven")
        say(f"{self.statements} statements; stale: {sorted(stale)}, unproven: {sorted(marked - stale)}")
        # A column that was dropped and one of its type that was added are not told from a renamed one by a
        # stream that is behind both: then "mixed" is stale too. What such a stream can only doubt is unproven: a
        # change of what is wanted, or a truncate.
        if not (wanted <= marked and stale <= wanted | {"mixed"}) or not marked:
            raise RuntimeError(f"stale are {sorted(stale)}, unproven {sorted(marked - stale)}, not {sorted(wanted)}")
        subprocess.run(["bash", "-c", 'set -o pipefail; cdc-snapshot --source "$0" --publication kills '
                        '--tables "$2" | cdc-load --target "$1" $3', self.source, self.target,
                        ",".join(sorted(marked)), " ".join(self.load_options)],
                       env=self.env, check=True, capture_output=True)
        # A killed server may have made a table and not its rows; the target has none then.
        made = [name for name in self.made_tables() if self.psql(f"SELECT count(*) FROM {name}") != "0"]
        tables = [*dict.fromkeys([*kill_pipe.TABLES, *sorted(marked), *made])]
        if "history" in " ".join(self.load_options):
            # The names that end in _history are those of the loader's own tables.
            tables = [f"{name}={name}_" if name.endswith("_history") else name for name in tables]
        say(self.parity(tables))


if __name__ == "__main__":
    beds.main(DdlPipe, lambda bed: kill_pipe.run(bed, 4))
