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


@case
def texts_that_are_refused(folder):
    """Constants that no row can be computed by, and what PostgreSQL has not, are refused when the file is read"""
    tool, lines = Tool(folder, ""), Lines()
    text = lines.snapshot("orders", [], ORDERS).checkpoint().take()
    zero = "a constant that cannot be computed"
    for clauses in ("", " FULL"):
        for expression, construct in (
                ("id % (1 - 1)", zero), ("id / (2 - 2)", zero), ("mod(amount, 1.5 - 1.5)", zero),
                ("round(amount / (3 - 3), 2)", zero), ("amount::double precision / (1 - 1)", zero),
                ("id % nullif(1 - 1, 0) + 1 / (1 - 1)", zero), ("5 % (1 - 1)", zero),
                ("id + CAST('x' AS integer)", "'x' beside a value of type INTEGER"),
                ("id + 'x'::text::integer", zero),
                ("id / 0", "a division by 0"), ("'2024-02-30'::date", "'2024-02-30' beside a value of type DATE"),
                ("now()", "the function now()"),
                ("TRY_CAST(note AS integer)", "TRY_CAST"), ("1_000", "'_000' behind a number's digits"),
                ("id + 0x1f", "'x1f' behind a number's digits"), ("1.5e1_0 + id", "'e1_0' behind a number's digits")):
            tool.write(f"CREATE VIEW v KEY (id){clauses} AS SELECT id,\n    {expression} AS x FROM orders;")
            words = f": view 'v': {construct}"
            status, said = dry_run(tool)
            expect(f"{expression}: {said}", (status, "views.sql:2" + words in said or "views.sql:1" + words in said,
                                             "hint: " in said), (2, True, True))
    tool.run(text, code=2)
    expect(tool.words, words in tool.words, True)
    tool.write("CREATE VIEW v KEY (id) AS SELECT id, id % (1 + 1) AS x, 1.5e1::double precision AS y, id / nullif(2 - 2, 0) AS z"
               " FROM orders ORDER BY id;")
    expect("what may be", dry_run(tool)[0], 0)
    tool.run(text)
    tool.write("CREATE VIEW v KEY (id) AS SELECT id, id % (1 - 1) AS x FROM orders;")
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    expect("check", (done.returncode, zero in done.stderr), (2, True))


@case
def floats_are_double(folder):
    """float is double precision, as in PostgreSQL, wherever the type stands; float(24) is real"""
    tool, lines = Tool(folder, """CREATE VIEW v KEY (id) AS SELECT id, amount::FLOAT AS a, CAST(amount AS float) AS b,
        float '0.1' + id AS c, amount::float(24) AS d, note AS float, (SELECT 1 AS float) AS e FROM orders;"""), Lines()
    out = tool.run(lines.snapshot("orders", [an_order(1, amount="16777217.01")], ORDERS).checkpoint().take())
    columns = {column["name"]: column["type"] for column in out[0]["table"]["columns"]}
    expect("types", [columns[name] for name in "abcd"], ["double precision"] * 3 + ["real"])
    row = tool.content("v")[0]
    expect("row", [row[name] for name in ("a", "b", "c", "float", "e")], [16777217.01, 16777217.01, 1.1, "n", 1])


@case
def a_key_with_a_zero_byte(folder):
    """A text of MySQL may have one"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (name) AS SELECT name, count(*) AS n FROM customers GROUP BY name;"), Lines()
    tool.run(lines.snapshot("customers", [customer(1, "a\0b"), customer(2, "a"), customer(3, "c")], CUSTOMERS).checkpoint().take())
    lines.change("customers", "u", customer(2, "a\0b")).change("customers", "d", {"id": 3}).change("customers", "c", customer(4, "x\0"))
    tool.run(lines.checkpoint().take())
    expect("rows", [(row["name"], row["n"]) for row in tool.content("v")], [("a\0b", 2), ("x\0", 1)])


@case
def unsigned_integers(folder):
    """Those of MySQL are computed with as signed ones that hold their values; where types are not known, not negated"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id, -u AS a, u - 5 AS b, b - 1 AS c, -b AS d, t + 1 AS e, u % 2 AS f,"
                               " u - b AS g, y * y AS h, -y AS i FROM items;"), Lines()
    columns = [("id", "int"), ("u", "int unsigned"), ("b", "bigint unsigned"), ("t", "tinyint unsigned"), ("y", "tinyint")]
    lines.snapshot("items", [{"id": 1, "u": 3, "b": "18446744073709551615", "t": 255, "y": -128}], columns)
    text = lines.checkpoint().take().replace('"connector":"postgresql"', '"connector":"mysql"')
    tool.run(text)
    expect("row", tool.content("v"), [{"id": 1, "a": -3, "b": -2, "c": "18446744073709551614", "d": "-18446744073709551615",
                                       "e": 256, "f": 1, "g": "-18446744073709551612", "h": 16384, "i": 128}])
    tool = Tool(folder, "CREATE VIEW w KEY (id) FULL AS WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n FROM r)"
                        " SELECT id, -u AS a FROM items, r;")
    tool.run(lines.checkpoint().take(), code=2)
    expect("words", "view 'w': the negative of an operand" in tool.words, True)


@case
def dates_of_unknown_types(folder):
    """A FULL view whose names are the engine's to find has no date that PostgreSQL has not"""
    tool, lines = Tool(folder, """CREATE VIEW days KEY (id) FULL AS WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n FROM r)
        SELECT id, day - id + n - 1 AS day, id + n + 1 AS number FROM visits, r;"""), Lines()
    columns = [("id", "integer"), ("day", "date")]
    lines.snapshot("visits", [{"id": 1, "day": "2024-03-01"}, {"id": 2, "day": None}, {"id": 3, "day": "infinity"}], columns)
    tool.run(lines.checkpoint().take())
    expect("days", [(row["day"], row["number"]) for row in tool.content("days")],
           [("2024-02-29", 3), (None, 4), ("infinity", 5)])
    tool.run(lines.change("visits", "c", {"id": 2460311, "day": "2024-01-01"}).checkpoint().take())
    expect("the first day", next(row["day"] for row in tool.content("days") if row["id"] > 3), "4714-11-24 BC")
    tool.run(lines.change("visits", "c", {"id": 2460312, "day": "2024-01-01"}).checkpoint().take(), code=5)
    expect("words", "date or time out of range" in tool.words, True)


if __name__ == "__main__":
    main()
