#!/usr/bin/env python3
"""cdc-transform --on-error park: what cannot be computed stays as it was, is named and counted, and goes on when it can.

Each case has a folder of its own and feeds lines, as those of transform_lines.py. No server.
"""
import pathlib
import subprocess

from transform_bed import CUSTOMERS, ORDERS, Lines, Tool, an_order, case, customer, expect, main, ops

VISITS = [("id", "integer"), ("customer_id", "integer"), ("note", "text")]


class Parking(Tool):
    def run(self, lines, *options, code=0):
        return super().run(lines, "--on-error", "park", "--metrics", self.folder / "m.prom", *options, code=code)

    def parked(self):
        figure = "cdc_transform_parked_rows "
        return int(next(line for line in (self.folder / "m.prom").read_text().splitlines() if line.startswith(figure))[len(figure):])

    def check(self):
        """Exit status, what is printed, and the messages."""
        done = subprocess.run(self.command("--check"), capture_output=True, text=True, check=False)
        self.words = done.stderr
        return done.returncode, done.stdout

    def said(self, *words):
        for word in words:
            expect(f"{word} in {self.words}", word in self.words, True)


def visit(number, customer_id, note):
    return {"id": number, "customer_id": customer_id, "note": note}


@case
def a_view_that_is_computed_whole(folder):
    """FULL: silent until it can begin, then as it was at the last cut; what reads it sees that; a restart does not forget"""
    tool = Parking(folder, """
        CREATE VIEW top KEY (id) FULL AS SELECT id, note::integer AS n FROM orders ORDER BY n DESC, id LIMIT 2;
        CREATE VIEW named KEY (id) AS SELECT t.id, t.n, c.name FROM top t JOIN customers c ON c.id = t.id;
        CREATE VIEW others KEY (id) AS SELECT id, note FROM orders;""")
    lines = Lines()
    def top():
        return [(row["id"], row["n"]) for row in tool.content("top")]
    def named():
        return [(row["id"], row["n"], row["name"]) for row in tool.content("named")]
    lines.snapshot("orders", [an_order(1, note="10"), an_order(2, note="x"), an_order(3, note="30")], ORDERS)
    lines.snapshot("customers", [customer(1), customer(3)], CUSTOMERS).checkpoint()
    tool.run(lines.take())
    tool.said("view top stays as it was: ", "'x' is no integer")
    expect("silent", (sorted(tool.rows), tool.parked()), (["others"], 1))
    expect("silent over a restart", ops(tool.run(lines.change("customers", "c", customer(9)).checkpoint().take())), [])
    expect("counted over a restart", tool.parked(), 1)
    tool.run(lines.change("orders", "u", an_order(2, note="20")).checkpoint().take())
    expect("begins", (top(), named(), tool.parked()), ([(2, 20), (3, 30)], [(3, 30, "c3")], 0))
    lines.change("orders", "u", an_order(3, note="1")).change("orders", "u", an_order(1, note="y")).checkpoint()
    tool.run(lines.take())
    expect("as it was", (top(), tool.parked()), ([(2, 20), (3, 30)], 1))
    expect("others follow", [row["note"] for row in tool.content("others")], ["y", "20", "1"])
    out = tool.run(lines.change("customers", "c", customer(2)).change("customers", "d", {"id": 3}).checkpoint().take())
    expect("what reads it", (named(), sorted(ops(out)), tool.parked()), ([(2, 20, "c2")], ["c", "d"], 1))
    expect("not tried", "stays as it was" in tool.words, False)
    expect("check", tool.check(), (0, "0 views differ\n"))
    tool.said("view top is parked, as it was: ", "'y' is no integer")
    out = tool.run(lines.change("orders", "d", {"id": 3}).checkpoint().take())
    tool.said("view top stays as it was: ", "'y' is no integer")
    out = tool.run(lines.change("orders", "u", an_order(1, note="5")).checkpoint().take())
    tool.said("view top goes on")
    expect("goes on", (top(), named(), tool.parked()), ([(1, 5), (2, 20)], [(1, 5, "c1"), (2, 20, "c2")], 0))
    expect("check", tool.check(), (0, "0 views differ\n"))
    expect("no word of it", "parked" in tool.words, False)


@case
def a_view_that_changes_in_the_file(folder):
    """A parked view whose SELECT is another one is computed whole; the target's rows are those of its last cut"""
    view = "CREATE VIEW v KEY (id) FULL AS SELECT id, note{} AS n FROM orders ORDER BY id LIMIT 9;"
    tool, lines = Parking(folder, view.format("::integer")), Lines()
    tool.run(lines.snapshot("orders", [an_order(1, note="1")], ORDERS).checkpoint().take())
    tool.run(lines.change("orders", "u", an_order(1, note="x")).checkpoint().take())
    tool.write(view.format(""))
    tool.run(lines.change("orders", "c", an_order(2, note="y")).checkpoint().take())
    expect("text", ([row["n"] for row in tool.content("v")], tool.parked()), (["x", "y"], 0))
    tool.write(view.format("::bigint"))
    tool.run(lines.checkpoint().take())
    expect("a type that does not begin", ([row["n"] for row in tool.content("v")], tool.parked()), (["x", "y"], 1))
    tool.check()
    tool.said("view v is parked")
    tool.run(lines.change("orders", "u", an_order(1, note="7")).change("orders", "u", an_order(2, note="8")).checkpoint().take())
    expect("begins", ([row["n"] for row in tool.content("v")], tool.parked()), ([7, 8], 0))


@case
def a_view_of_one_row(folder):
    """KEY (): as it was; beside it all else follows"""
    tool = Parking(folder, """
        CREATE VIEW total KEY () AS SELECT count(*) AS n, sum(note::integer) AS notes FROM orders;
        CREATE VIEW ids KEY (id) AS SELECT id FROM orders;""")
    lines = Lines()
    tool.run(lines.snapshot("orders", [an_order(1, note="1"), an_order(2, note="2")], ORDERS).checkpoint().take())
    expect("begins", tool.bag("total"), [{"n": 2, "notes": "3"}])
    tool.run(lines.change("orders", "c", an_order(3, note="x")).checkpoint().take())
    expect("as it was", (tool.bag("total"), tool.parked()), ([{"n": 2, "notes": "3"}], 1))
    expect("beside it", len(tool.content("ids")), 3)
    tool.run(lines.change("orders", "u", an_order(1, note="5")).checkpoint().take())
    expect("still", (tool.bag("total"), tool.parked()), ([{"n": 2, "notes": "3"}], 1))
    tool.run(lines.change("orders", "d", {"id": 3}).checkpoint().take())
    expect("goes on", (tool.bag("total"), tool.parked()), ([{"n": 2, "notes": "7"}], 0))


@case
def a_condition(folder):
    """WHERE and ON of the changed row's own columns: its key is parked, and no other"""
    tool = Parking(folder, """
        CREATE VIEW v KEY (id) AS SELECT id FROM orders WHERE note::integer > 0;
        CREATE VIEW w KEY (id) AS SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id
            WHERE c.name::integer > 0;""")
    lines = Lines()
    def ids(view):
        return [row["id"] for row in tool.content(view)]
    lines.snapshot("orders", [an_order(number, number % 3, note=str(number)) for number in range(1, 6)], ORDERS)
    lines.snapshot("customers", [customer(number, str(number + 1)) for number in range(3)], CUSTOMERS).checkpoint()
    tool.run(lines.take())
    expect("begins", (ids("v"), ids("w")), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]))
    lines.change("orders", "u", an_order(3, 0, note="x")).change("orders", "u", an_order(4, 1, note="-4"))
    tool.run(lines.checkpoint().take())
    tool.said("view v: the row of key ('3'::BIGINT) stays as it was: ")
    expect("its key alone", (ids("v"), tool.parked()), ([1, 2, 3, 5], 1))
    expect("check", tool.check(), (0, "0 views differ\n"))
    tool.said("view v ")
    tool.run(lines.change("orders", "u", an_order(4, 1, note="4")).change("customers", "u", customer(2, "y")).checkpoint().take())
    expect("a joined row", (ids("v"), ids("w"), tool.parked()), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 3))
    tool.run(lines.change("orders", "c", an_order(7, 1, note="7")).change("orders", "c", an_order(8, 2, note="8")).checkpoint().take())
    expect("new rows", (ids("w"), tool.parked()), ([1, 2, 3, 4, 5, 7], 4))
    tool.run(lines.change("orders", "u", an_order(3, 0, note="-3")).change("customers", "u", customer(2, "9")).checkpoint().take())
    expect("mended", (ids("v"), ids("w"), tool.parked()), ([1, 2, 4, 5, 7, 8], [1, 2, 3, 4, 5, 7, 8], 0))
    expect("names", {row["name"] for row in tool.content("w") if row["id"] in (2, 5, 8)}, {"9"})
    expect("check", tool.check(), (0, "0 views differ\n"))


@case
def a_row_that_every_key_reads(folder):
    """What fails is not the rows of one key: the keys of the cut stay, and are tried again at each cut until they can"""
    tool = Parking(folder, """
        CREATE VIEW v KEY (id) AS SELECT o.id, o.amount, x.last FROM orders o
            LEFT JOIN (SELECT customer_id, max(note::integer) AS last FROM visits GROUP BY customer_id) x
            ON x.customer_id = o.customer_id;""")
    lines = Lines()
    def rows():
        return {row["id"]: (row["amount"], row["last"]) for row in tool.content("v")}
    lines.snapshot("orders", [an_order(number, number) for number in range(1, 7)], ORDERS)
    lines.snapshot("visits", [visit(number, number, str(number * 10)) for number in range(1, 4)], VISITS).checkpoint()
    tool.run(lines.take())
    begun = {1: ("1.00", 10), 2: ("1.00", 20), 3: ("1.00", 30), 4: ("1.00", None), 5: ("1.00", None), 6: ("1.00", None)}
    expect("begins", rows(), begun)
    tool.run(lines.change("visits", "u", visit(2, 2, "x")).checkpoint().take())
    tool.said("view v: rows that this cut may change stay as they were: ")
    expect("as they were", (rows(), tool.parked()), (begun, 1))
    tool.run(lines.change("orders", "u", an_order(1, 1, "7.00")).change("orders", "d", {"id": 5}).checkpoint().take())
    expect("nor others", (rows(), tool.parked()), (begun, 3))
    expect("check", tool.check(), (0, "0 views differ\n"))
    tool.said("view v cannot be compared with its SELECT: ")
    tool.run(lines.change("visits", "u", visit(2, 2, "21")).checkpoint().take())
    del begun[5]
    expect("mended", (rows(), tool.parked()), (begun | {1: ("7.00", 10), 2: ("1.00", 21)}, 0))
    expect("check", tool.check(), (0, "0 views differ\n"))


@case
def keys_that_cannot_be_found(folder):
    """A join over a value that cannot be computed: the view stays whole, and is computed whole when it can"""
    tool = Parking(folder, """CREATE VIEW v KEY (id) CHECKED AS SELECT o.id, c.id AS customer FROM orders o
                                  JOIN customers c ON c.name::integer = o.customer_id;""")
    lines = Lines()
    def rows():
        return [(row["id"], row["customer"]) for row in tool.content("v")]
    lines.snapshot("orders", [an_order(number, number) for number in range(1, 4)], ORDERS)
    lines.snapshot("customers", [customer(number + 10, str(number)) for number in range(1, 4)], CUSTOMERS).checkpoint()
    tool.run(lines.take())
    expect("begins", rows(), [(1, 11), (2, 12), (3, 13)])
    tool.run(lines.change("customers", "u", customer(12, "x")).change("orders", "c", an_order(4, 1)).checkpoint().take())
    tool.said("view v stays as it was: ", "'x' is no integer")
    expect("as it was", (rows(), tool.parked()), ([(1, 11), (2, 12), (3, 13)], 1))
    tool.run(lines.change("orders", "d", {"id": 3}).checkpoint().take())
    expect("still", (rows(), tool.parked()), ([(1, 11), (2, 12), (3, 13)], 1))
    tool.run(lines.change("customers", "u", customer(12, "1")).checkpoint().take(), code=5)
    tool.said("two rows of one key")
    lines.change("customers", "u", customer(12, "9"))
    tool.run(lines.checkpoint().take())
    expect("whole", (rows(), tool.parked()), ([(1, 11), (4, 11)], 0))


@case
def bags(folder):
    """PARTITION: the rows of a partition stay together, and a bag that is FULL stays whole"""
    tool = Parking(folder, """
        CREATE VIEW parts PARTITION (customer_id) AS SELECT customer_id, note::integer AS n FROM orders;
        CREATE VIEW bag FULL AS SELECT note::integer AS n FROM orders;""")
    lines = Lines()
    tool.run(lines.snapshot("orders", [an_order(1, 1, note="1"), an_order(2, 2, note="2")], ORDERS).checkpoint().take())
    tool.run(lines.change("orders", "c", an_order(3, 1, note="x")).change("orders", "c", an_order(4, 2, note="4")).checkpoint().take())
    expect("a partition", [(row["customer_id"], row["n"]) for row in tool.bag("parts")], [(1, 1), (2, 2), (2, 4)])
    expect("the bag", ([row["n"] for row in tool.bag("bag")], tool.parked()), ([1, 2], 2))
    tool.run(lines.change("orders", "u", an_order(3, 1, note="3")).checkpoint().take())
    expect("mended", [(row["customer_id"], row["n"]) for row in tool.bag("parts")], [(1, 1), (1, 3), (2, 2), (2, 4)])
    expect("the bag", ([row["n"] for row in tool.bag("bag")], tool.parked()), ([1, 2, 3, 4], 0))


@case
def first_rows(folder):
    """A view begins without the rows that cannot be computed, wherever they stand in the order of keys"""
    tool, lines = Parking(folder, "CREATE VIEW v KEY (id) AS SELECT id, note::integer AS n FROM orders;"), Lines()
    bad = {1, 2, 20, 39, 40}
    lines.snapshot("orders", [an_order(number, note="x" if number in bad else "1") for number in range(1, 41)], ORDERS)
    tool.run(lines.checkpoint().take())
    expect("the others", ({row["id"] for row in tool.content("v")}, tool.parked()), (set(range(1, 41)) - bad, len(bad)))
    tool.run(lines.change("orders", "u", an_order(1, note="5")).checkpoint().take())
    expect("one less", tool.parked(), len(bad) - 1)
    text = pathlib.Path(folder, "m.prom").read_text()
    expect("no silent view", "cdc_transform_silent_views 0\n" in text, True)


main()
