#!/usr/bin/env python3
"""What names in a view file mean, and what is refused when the file is read.

Each case has a folder of its own and feeds lines, as those of transform_lines.py. No server.
"""
import subprocess

from transform_bed import BIN, CUSTOMERS, ORDERS, Lines, Tool, an_order, case, customer, expect, main, ops


def dry_run(tool):
    """Exit status and messages."""
    done = subprocess.run([BIN / "cdc-transform", "--views", tool.folder / "views.sql", "--dry-run"], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stderr


def differing(tool):
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@case
def a_view_of_its_tables_name(folder):
    """A view may have the name of the table that it reads: those behind it read the view, also FULL ones, and the view
    itself the table, behind a restart and another shape too"""
    tool, lines = Tool(folder, """CREATE VIEW customers KEY (id) AS SELECT id, upper(name) AS shown FROM customers;
        CREATE VIEW first KEY (id) FULL AS SELECT id, shown FROM customers ORDER BY id LIMIT 2;
        CREATE VIEW long KEY (shown) AS SELECT shown, count(*) AS n FROM customers GROUP BY 1;
        CREATE VIEW raw KEY (id) AS SELECT id, name FROM public.customers;"""), Lines()
    def shown(view):
        return [(row["id"], row.get("shown", row.get("name"))) for row in tool.content(view)]
    tool.run(lines.snapshot("customers", [customer(1), customer(2), customer(3)], CUSTOMERS).checkpoint().take())
    expect("begins", shown("first"), [(1, "C1"), (2, "C2")])
    tool.run(lines.change("customers", "u", customer(1, "one")).change("customers", "c", customer(0)).checkpoint().take())
    expect("behind a restart", (shown("customers"), shown("first")),
           ([(0, "C0"), (1, "ONE"), (2, "C2"), (3, "C3")], [(0, "C0"), (1, "ONE")]))
    lines.table("customers", [*CUSTOMERS, ("city", "text")])
    tool.run(lines.change("customers", "u", customer(0, "nil") | {"city": "x"}).change("customers", "d", {"id": 2}).checkpoint().take())
    for name in ("customers", "first"):
        expect(name, shown(name)[:2], [(0, "NIL"), (1, "ONE")])
    expect("groups", [row["shown"] for row in tool.content("long")], ["C3", "NIL", "ONE"])
    expect("the table", shown("raw"), [(0, "nil"), (1, "one"), (3, "c3")])
    expect("check", differing(tool), (0, "0 views differ\n"))


@case
def a_view_that_waits(folder):
    """Who reads a view that waits for another table waits too, and does not take the table of its name"""
    tool, lines = Tool(folder, """CREATE VIEW orders KEY (id) AS
            SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id;
        CREATE VIEW few KEY (id) AS SELECT id FROM orders;"""), Lines()
    lines.snapshot("orders", [an_order(1), an_order(2, 7)], ORDERS).table("customers", CUSTOMERS).checkpoint()
    expect("silent", ops(tool.run(lines.take())), [])
    tool.run(lines.snapshot("customers", [customer(1)]).checkpoint().take())
    expect("rows", [row["id"] for row in tool.content("few")], [1])
    tool.run(lines.change("customers", "c", customer(7)).checkpoint().take())
    expect("follows", [row["id"] for row in tool.content("few")], [1, 2])


@case
def a_view_that_stands_behind(folder):
    """A view reads those before it: one that stands behind it is refused with its line"""
    views = """CREATE VIEW few KEY (id) AS
            SELECT id FROM {}details;
        CREATE VIEW details KEY (id) AS SELECT id, note FROM {};"""
    tool, lines = Tool(folder, views.format("", "orders")), Lines()
    text = lines.snapshot("orders", [an_order(1)], ORDERS).checkpoint().take()
    words = "views.sql:1: view 'few': it reads view 'details', which stands behind it, in line 3"
    tool.run(text, code=2)
    expect("words", words in tool.words, True)
    status, said = dry_run(tool)
    expect("dry run", (status, words in said), (2, True))
    for other in (views.format("public.", "orders"), views.format("", "details")):
        tool.write(other)
        expect("a table", dry_run(tool)[0], 0)


@case
def a_table_of_the_exact_name(folder):
    """Where the table comes whose name is written so, a view that read one of another case begins anew, and its readers too"""
    tool, lines = Tool(folder, """CREATE VIEW a KEY (id) AS SELECT id, name FROM customers;
        CREATE VIEW b KEY (id) AS SELECT id, name FROM a;"""), Lines()
    lines.snapshot("Customers", [customer(1, "old")], CUSTOMERS).checkpoint()
    tool.run(lines.snapshot("customers", [customer(2, "new")], CUSTOMERS).checkpoint().take())
    for name in "ab":
        expect(name, tool.content(name), [customer(2, "new")])
    tool.run(lines.change("customers", "u", customer(2, "newer")).change("Customers", "d", {"id": 1}).checkpoint().take())
    for name in "ab":
        expect(name, tool.content(name), [customer(2, "newer")])


@case
def a_name_in_two_databases(folder):
    """Tables of two databases that come through one input have one name: a view that reads it is refused"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id FROM public.orders;"), Lines()
    text = lines.snapshot("orders", [an_order(1)], ORDERS).take()
    text += lines.snapshot("orders", [an_order(2)], ORDERS).take().replace('"db":"d"', '"db":"e"') + lines.checkpoint().take()
    for name in ("public.orders", "orders"):
        tool.write(f"CREATE VIEW v KEY (id) AS SELECT id FROM {name};")
        tool.run(text, code=2)
        expect("words", f"views.sql:1: view 'v': table '{name}' is in two databases" in tool.words, True)


@case
def a_column_rowid(folder):
    """The engine tells equal rows of a view without key by it: the view is refused; a table may have it"""
    tool, lines = Tool(folder, "CREATE VIEW v PARTITION (page) AS SELECT page, \"ROWID\" FROM visits;"), Lines()
    row = {"page": "a", "ROWID": 5}
    text = lines.snapshot("visits", [row, row, row], [("page", "text"), ("ROWID", "integer")], key=()).checkpoint().take()
    tool.run(text, code=2)
    expect("words", "views.sql:1: view 'v': a column rowid in a view without KEY" in tool.words, True)
    tool.write("CREATE VIEW v PARTITION (page) AS SELECT page, \"ROWID\" AS number FROM visits;")
    tool.run(text)
    for left in (2, 1):
        tool.run(lines.change("visits", "d", row, key=False).checkpoint().take())
        expect("rows", tool.bag("v"), [{"page": "a", "number": 5}] * left)


if __name__ == "__main__":
    main()
