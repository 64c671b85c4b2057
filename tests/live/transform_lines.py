#!/usr/bin/env python3
"""cdc-transform on lines that are made here: what a view is silent about, fills, refuses and says again.

Each case has a folder of its own, feeds lines, and looks at the lines that come out, the exit status and
the messages. No server.
"""
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from transform_bed import CUSTOMERS, JOIN, ORDERS, Lines, Tool, an_order, base, case, customer, expect, main, ops, order


@case
def silent_until_all_is_read(folder):
    """A view says nothing before all its tables were read whole, and begins with a snapshot of itself"""
    tool, lines = Tool(folder, JOIN), Lines()
    lines.snapshot("orders", [an_order(1)], ORDERS).table("customers", CUSTOMERS)
    lines.change("customers", "c", customer(1)).checkpoint()
    expect("half read", [list(line)[0] for line in tool.run(lines.take())], ["checkpoint"])
    lines.snapshot("customers", [customer(1)], CUSTOMERS).checkpoint()
    out = tool.run(lines.take())
    expect("kinds", [list(line)[0] for line in out], ["table", "snapshot", "key", "snapshot", "checkpoint"])
    expect("row", out[2]["after"], {"id": 1, "amount": "1.00", "note": "n", "name": "c1"})


@case
def silent_until_the_cut_has_passed(folder):
    """Rows that were read at several positions are the source's only when the log has passed them all"""
    for by_marks in (False, True):
        place = pathlib.Path(folder) / str(by_marks)
        place.mkdir()
        tool, lines = Tool(place, "CREATE VIEW names KEY (id) AS SELECT id, name FROM customers;"), Lines()
        cut = lines.mark if by_marks else lines.checkpoint
        lines.snapshot("customers", [customer(1)], CUSTOMERS)
        late = lines.text.pop() # the end
        lines.change("customers", "r", customer(2), at=order(2000))
        lines.text.append(late)
        expect("below", ops(tool.run(cut().take())), [])
        lines.position = 2000
        expect("passed", ops(tool.run(cut().take())), ["r", "r"])


@case
def named_empty(folder):
    """--empty: no snapshot is waited for"""
    tool, lines = Tool(folder, JOIN), Lines()
    lines.table("orders", ORDERS).table("customers", CUSTOMERS).change("orders", "c", an_order(1))
    lines.change("customers", "c", customer(1)).checkpoint()
    tool.run(lines.take(), "--empty", "public.*")
    expect("rows", len(tool.content("details")), 1)


@case
def unchanged_values(folder):
    """A value that the log did not carry comes from the state, or from an earlier line of the cut"""
    tool, lines = Tool(folder, JOIN), Lines()
    base(lines).change("orders", "u", {"id": 1, "customer_id": 2, "amount": "5.00"}, unchanged=["note"])
    lines.change("orders", "c", an_order(3, 1, "1.00", "long"))
    lines.change("orders", "u", {"id": 3, "customer_id": 1, "amount": "2.00"}, unchanged=["note"]).checkpoint()
    tool.run(lines.take())
    expect("rows", [(r["id"], r["amount"], r["note"], r["name"]) for r in tool.content("details")],
           [(1, "5.00", "n", "c2"), (2, "1.00", "n", "c2"), (3, "2.00", "long", "c1")])
    lines.change("orders", "u", {"id": 9, "customer_id": 1, "amount": "2.00"}, unchanged=["note"]).checkpoint()
    tool.run(lines.take(), code=5)
    expect("words", "never read" in tool.words, True)


@case
def replays(folder):
    """The same input again changes nothing; late lines of a key lose against its stored row"""
    tool, lines = Tool(folder, JOIN), Lines()
    text = base(lines).change("orders", "u", an_order(1, 2)).change("orders", "d", {"id": 2}).checkpoint().take()
    tool.run(text)
    before = tool.content("details")
    expect("again", ops(tool.run(text)), [])
    lines.change("orders", "r", an_order(2), at=order(1005)).change("orders", "r", an_order(1, 1), at=order(1005))
    lines.checkpoint()
    expect("late rows", ops(tool.run(lines.take())), [])
    expect("rows", tool.content("details"), before)


@case
def one_line_a_key(folder):
    """However often a row changes within a cut, its view's key has one line, and none when nothing is left"""
    tool, lines = Tool(folder, JOIN), Lines()
    tool.run(base(lines).take())
    for amount in range(20):
        lines.change("orders", "u", an_order(1, 1, f"{amount}.00"))
    lines.change("orders", "c", an_order(7)).change("orders", "d", {"id": 7})
    lines.change("orders", "u", an_order(2, 1)).change("orders", "u", an_order(2, 2)).checkpoint()
    out = tool.run(lines.take())
    expect("ops", ops(out), ["u"])
    change = next(line for line in out if "key" in line)
    expect("before and after", (change["before"]["amount"], change["after"]["amount"]), ("1.00", "19.00"))


@case
def key_changes_and_truncates(folder):
    tool, lines = Tool(folder, JOIN), Lines()
    base(lines).change("orders", "d", {"id": 1}).change("orders", "c", an_order(5)).checkpoint()
    tool.run(lines.take())
    expect("moved", [r["id"] for r in tool.content("details")], [2, 5])
    lines.change("customers", "c", customer(3)).truncate("customers").change("customers", "c", customer(2, "new"))
    tool.run(lines.checkpoint().take())
    expect("truncated", [(r["id"], r["name"]) for r in tool.content("details")], [(2, "new")])


@case
def a_table_without_key(folder):
    tool, lines = Tool(folder, """CREATE VIEW pages KEY (page) AS SELECT page, count(*) AS n FROM visits
                                  GROUP BY page;"""), Lines()
    columns = [("page", "text"), ("at", "integer")]
    visit = [{"page": "a", "at": 1}, {"page": "a", "at": 1}, {"page": "b", "at": None}]
    lines.snapshot("visits", visit, columns, key=()).checkpoint()
    lines.change("visits", "d", visit[0], key=False).change("visits", "d", visit[2], key=False)
    lines.change("visits", "c", {"page": "c", "at": 2}, key=False)
    lines.change("visits", "u", {"page": "c", "at": 3}, before={"page": "c", "at": 2}, key=False).checkpoint()
    tool.run(lines.take())
    expect("counts", [(r["page"], r["n"]) for r in tool.content("pages")], [("a", 1), ("c", 1)])
    lines.change("visits", "d", {"page": "z", "at": 1}, key=False).checkpoint()
    tool.run(lines.take(), code=5)
    expect("words", "did not have" in tool.words, True)


@case
def a_table_without_key_comes_again(folder):
    """Out of topics read by marks changes of a table without key come again: behind a restart, and within a cut"""
    tool, lines = Tool(folder, """CREATE VIEW pages KEY (page) AS SELECT page, count(*) AS n FROM visits
                                  GROUP BY page;"""), Lines()
    def pages():
        return [(row["page"], row["n"]) for row in tool.content("pages")]
    first, second = {"page": "a", "at": 1}, {"page": "b", "at": 2}
    lines.snapshot("visits", [first, first, second], [("page", "text"), ("at", "integer")], key=()).mark()
    tool.run(lines.take())
    lines.change("visits", "c", first, key=False).change("visits", "u", {"page": "c", "at": 2}, before=second, key=False)
    behind = lines.mark().take()
    tool.run(behind)
    expect("counts", pages(), [("a", 3), ("c", 1)])
    lines.change("visits", "d", first, key=False).change("visits", "c", second, key=False)
    sent = lines.take()
    lines.change("visits", "c", second, key=False)
    tool.run(behind + sent + sent + lines.mark().take())
    expect("again", pages(), [("a", 2), ("b", 2), ("c", 1)])


@case
def two_rows_of_one_key(folder):
    """Both are named, nothing of the cut is kept"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (customer_id) CHECKED AS SELECT customer_id, id FROM orders;"), Lines()
    tool.run(lines.snapshot("orders", [an_order(1)], ORDERS).checkpoint().take())
    text = lines.change("orders", "c", an_order(2)).checkpoint().take()
    for _ in range(2):
        tool.run(text, code=5)
        expect("words", all(word in tool.words for word in ("two rows of one key", "'id': 1", "'id': 2")), True)
    expect("rows", [r["id"] for r in tool.content("v")], [1])


@case
def a_key_that_is_not_shown(folder):
    """A KEY that the SELECT does not show to be one wants CHECKED, also of a state that has the view; a FULL view does not"""
    view = "CREATE VIEW v KEY (customer_id) {} AS SELECT customer_id, amount FROM orders;"
    tool, lines = Tool(folder, view.format("")), Lines()
    first = lines.snapshot("orders", [an_order(1)], ORDERS).checkpoint().take()
    def refused(text):
        tool.run(text, code=2)
        for word in ("views.sql:1: view 'v': nothing shows that KEY (customer_id)", "write CHECKED", "KEY: id"):
            expect(word, word in tool.words, True)
    refused(first)
    tool.write(view.format("CHECKED"))
    tool.run(first)
    expect("begins", len(tool.content("v")), 1)
    tool.write(view.format(""))
    text = lines.change("orders", "c", an_order(2, 2)).checkpoint().take()
    refused(text)
    tool.write(view.format("FULL"))
    tool.run(text)
    expect("goes on", len(tool.content("v")), 2)


@case
def parked(folder):
    """--on-error park: rows that cannot be computed stay as they were, the others follow; without it the view is named"""
    view = """CREATE VIEW numbers KEY (id) AS SELECT o.id, c.name, o.note::integer AS number FROM orders o
                  JOIN customers c ON c.id = o.customer_id;
              CREATE VIEW twice KEY (id) AS SELECT id, number * 2 AS number FROM numbers;
              CREATE VIEW amounts KEY (customer_id) AS SELECT customer_id, sum(amount) AS amount FROM orders GROUP BY 1;"""
    tool, lines = Tool(folder, view), Lines()
    def numbers(name="numbers"):
        return {row["id"]: row["number"] for row in tool.content(name)}
    orders = [an_order(number, 1, "1.00", str(number)) for number in range(1, 301)]
    orders[6]["note"] = "seven"
    lines.snapshot("orders", orders, ORDERS).snapshot("customers", [customer(1)], CUSTOMERS).checkpoint()
    first = lines.take()
    tool.run(first, code=5)
    expect("named", "view numbers: " in tool.words and "seven" in tool.words and "--on-error park" in tool.words, True)
    expect("nothing", tool.rows, {})
    page = folder + "/m.prom"
    park = ("--on-error", "park", "--metrics", page)
    tool.run(first, *park)
    expect("all but one", numbers(), {number: number for number in range(1, 301) if number != 7})
    expect("said", "view numbers: the row of key ('7'::BIGINT) stays as it was: " in tool.words, True)
    expect("counted", "cdc_transform_parked_rows 1\n" in pathlib.Path(page).read_text(), True)
    expect("changes", "cdc_transform_changes_total 301\n" in pathlib.Path(page).read_text(), True)
    for number, note in (3, "x"), (5, "50"), (9, "y"), (300, "300000000000"):
        lines.change("orders", "u", an_order(number, 1, "2.00", note))
    lines.change("orders", "d", {"id": 8}).change("orders", "c", an_order(301, 1, "1.00", "301")).checkpoint()
    out = tool.run(lines.take(), *park)
    wanted = {number: number for number in range(1, 302) if number not in (7, 8)} | {5: 50}
    expect("old rows stay", numbers(), wanted)
    expect("views over it", numbers("twice"), {number: value * 2 for number, value in wanted.items()})
    expect("other views follow", tool.content("amounts"), [{"customer_id": 1, "amount": "304.00"}])
    expect("once", sorted(line["key"]["id"] for line in out if line.get("source", {}).get("table") == "numbers" and "key" in line),
           [5, 8, 301])
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    expect("the rest is right", (done.returncode, done.stdout), (0, "0 views differ\n"))
    lines.change("orders", "u", an_order(3, 1, "1.00", "33")).change("orders", "d", {"id": 9})
    lines.change("orders", "u", an_order(7, 1, "1.00", "7")).checkpoint()
    tool.run(lines.take(), *park)
    del wanted[9]
    expect("mended", numbers(), wanted | {3: 33, 7: 7})
    expect("one is left", "cdc_transform_parked_rows 1\n" in pathlib.Path(page).read_text(), True)
    tool.write(view.replace("o.note::integer AS number", "o.note::bigint AS number"))
    tool.run(lines.change("orders", "c", an_order(302, 1, "1.00", "z")).checkpoint().take(), *park)
    expect("another type", (numbers()[300], 302 in numbers()), (300000000000, False))
    expect("the new one", "cdc_transform_parked_rows 1\n" in pathlib.Path(page).read_text(), True)


@case
def bags_full_views_and_single_rows(folder):
    tool, lines = Tool(folder, """
        CREATE VIEW per_customer PARTITION (customer_id) AS SELECT customer_id, amount FROM orders;
        CREATE VIEW top KEY (id) FULL AS SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 2;
        CREATE VIEW total KEY () AS SELECT count(*) AS n, sum(amount) AS amount FROM orders;"""), Lines()
    rows = [an_order(1), an_order(2), an_order(3, 2, "9.00")]
    tool.run(lines.snapshot("orders", rows, ORDERS).checkpoint().take())
    lines.change("orders", "d", {"id": 1}).change("orders", "c", an_order(4, 2, "10.00")).checkpoint()
    tool.run(lines.take())
    expect("bag", [(r["customer_id"], r["amount"]) for r in tool.bag("per_customer")],
           [(1, "1.00"), (2, "10.00"), (2, "9.00")])
    expect("top", [r["id"] for r in tool.content("top")], [3, 4])
    expect("total", tool.bag("total"), [{"n": 3, "amount": "20.00"}])


@case
def texts_of_unknown_types(folder):
    """A FULL view whose names are the engine's to find has PostgreSQL's texts of dates, and none of bytes"""
    full = """CREATE VIEW days KEY (id) FULL AS WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n FROM r)
        SELECT id, day::text AS day, note::text AS note{} FROM visits, r;"""
    tool, lines = Tool(folder, full.format("")), Lines()
    row = {"id": 1, "day": "0044-03-15 BC", "note": "(BC)", "bytes": "QQ=="}
    text = lines.snapshot("visits", [row], [("id", "integer"), ("day", "date"), ("note", "text"), ("bytes", "bytea")])
    text = text.checkpoint().take()
    tool.run(text)
    expect("days", tool.content("days"), [{"id": 1, "day": "0044-03-15 BC", "note": "(BC)"}])
    tool.write(full.format(", bytes::text AS bytes"))
    tool.run(lines.change("visits", "c", row | {"id": 2}).checkpoint().take(), code=5)
    expect("bytes", "the text of this type is not PostgreSQL's" in tool.words, True)
    tool.write(full.format(", bytes = '\\x41' AS is_a"))
    tool.run(lines.checkpoint().take(), code=2)
    tool.write(full.format(", bytes = '\\x41'::bytea AS is_a"))
    tool.run(lines.checkpoint().take())
    expect("bytes", [r["is_a"] for r in tool.content("days")], [True])


@case
def totals_beside_groups(folder):
    """A total without GROUP BY in a UNION has a row over no rows: it is computed for its own key alone"""
    counts = """SELECT customer_id AS k, count(*) AS n FROM orders GROUP BY customer_id
        UNION ALL SELECT {}, count(*) FROM customers"""
    tool, lines = Tool(folder, f"""
        CREATE VIEW both KEY (k) CHECKED AS {counts.format(-1)};
        CREATE VIEW bag PARTITION (k) AS {counts.format(-2)};"""), Lines()
    tool.run(base(lines).take())
    tool.run(lines.change("orders", "c", an_order(3, 2)).checkpoint().take())
    expect("both", [(r["k"], r["n"]) for r in tool.content("both")], [(-1, 2), (1, 1), (2, 2)])
    expect("bag", [(r["k"], r["n"]) for r in tool.bag("bag")], [(-2, 2), (1, 1), (2, 2)])
    tool.run(lines.truncate("customers").change("orders", "d", {"id": 1}).checkpoint().take())
    expect("both", [(r["k"], r["n"]) for r in tool.content("both")], [(-1, 0), (2, 2)])
    expect("bag", [(r["k"], r["n"]) for r in tool.bag("bag")], [(-2, 0), (2, 2)])


@case
def facts_that_change(folder):
    """What facts tell of rows that no line changed is said; a truncate, and facts that come again, are nothing"""
    tool, lines = Tool(folder, "CREATE VIEW names KEY (id) AS SELECT id, name FROM customers;"), Lines()

    def facts(xid, storage, kind="real", snapshot="false", name="name"):
        lines.index += 1
        columns = [{"number": 1, "name": "id", "type": "integer", "type_id": 23, "modifier": -1, "generated": ""},
                   {"number": 2, "name": name, "type": kind, "type_id": 25, "modifier": -1, "generated": ""}]
        lines.add({"facts": {"oid": 16401, "xid": str(xid), "since": str(xid - 5), "slot": "s", "empty": False, "leaves": [
            {"oid": 16401, "storage": storage, "xmin": str(xid - 2), "birth": "700", "kind": "r", "persistence": "p",
             "under": "", "named": "700"}], "columns": columns},
            "source": lines.source("customers") | {"snapshot": snapshot}, "ts_ms": 1})
        return lines

    lines.table("customers", CUSTOMERS)
    facts(800, 16401, snapshot="true").snapshot("customers", [customer(1)]).checkpoint()
    tool.run(lines.take())
    expect("first facts", "may differ" in tool.words, False)
    lines.index += 1
    lines.add({"key": None, "before": None, "after": None, "source": lines.source("customers") | {"txId": 808}, "op": "t",
               "ts_ms": 2})
    again = facts(810, 16402).checkpoint().text[-2:]
    tool.run(lines.take())
    expect("a truncate", "may differ" in tool.words, False)
    tool.run(facts(820, 16403, "double precision").checkpoint().take())
    expect("a type", "table public.customers may differ from the source's until it is read again" in tool.words, True)
    tool.run(again[0] + "\n" + lines.checkpoint().take())
    expect("facts that come again", "may differ" in tool.words, False)
    tool.run(facts(825, 16403, "double precision", name="called").checkpoint().take())
    expect("a name", "may differ" in tool.words, False)
    tool.run(facts(830, 16404, "double precision").checkpoint().take())
    expect("new storage", "may differ" in tool.words, True)


@case
def columns_of_any_name(folder):
    """What a view calls its columns is nothing to the tables in which differences are found"""
    names = "id, amount AS n, note AS present, customer_id AS range, note AS was, note AS is_now, note AS o0, note AS n0"
    tool, lines = Tool(folder, f"""CREATE VIEW v KEY (id) AS SELECT {names} FROM orders;
        CREATE VIEW bag PARTITION (n) AS SELECT {names} FROM orders;
        CREATE VIEW b FULL AS SELECT amount AS n, note AS range FROM orders;"""), Lines()
    tool.run(lines.snapshot("orders", [an_order(1), an_order(2)], ORDERS).checkpoint().take())
    tool.run(lines.change("orders", "u", an_order(1, note="other")).change("orders", "c", an_order(3, amount="2.00")).checkpoint().take())
    tool.run(lines.change("orders", "d", {"id": 2}).change("orders", "c", an_order(4, amount="2.00")).checkpoint().take())
    for view, rows in ("v", tool.content("v")), ("bag", tool.bag("bag")):
        expect(view, sorted((r["id"], r["n"], r["present"], r["range"]) for r in rows),
               [(1, "1.00", "other", 1), (3, "2.00", "n", 1), (4, "2.00", "n", 1)])
    expect("b", [(r["n"], r["range"]) for r in tool.bag("b")], [("1.00", "other"), ("2.00", "n"), ("2.00", "n")])


@case
def shapes_that_change(folder):
    """A column more, one less, one renamed: views that read the table are computed whole"""
    tool, lines = Tool(folder, JOIN + """CREATE VIEW plain KEY (id) AS SELECT * FROM customers;"""), Lines()
    tool.run(base(lines).take())
    lines.change("customers", "c", customer(3))
    lines.table("customers", [*CUSTOMERS, ("city", "text")], defaults={"city": "old"})
    lines.change("customers", "c", {"id": 4, "name": "c4", "city": "new"}).change("orders", "c", an_order(3, 4))
    out = tool.run(lines.checkpoint().take())
    expect("details", [r["name"] for r in tool.content("details")], ["c1", "c2", "c4"])
    expect("a new table line", [line["source"]["table"] for line in out if "table" in line], ["details", "plain", "plain"])
    expect("plain", [(r["id"], r["city"]) for r in tool.content("plain")], [(1, "old"), (2, "old"), (3, "old"), (4, "new")])
    tool.write("CREATE VIEW plain KEY (id) AS SELECT id, city FROM customers;")
    lines.add({"table": {"name": "public.customers", "version": "w", "columns": [
        {"name": "id", "type": "integer", "nullable": False, "key": 1, "number": 1},
        {"name": "city", "type": "text", "nullable": True, "number": 3}]}, "source": lines.source("customers"), "ts_ms": 1})
    lines.change("customers", "c", {"id": 5, "city": "x"}).checkpoint()
    tool.run(lines.take())
    expect("dropped", tool.content("plain")[-1], {"id": 5, "city": "x"})


def with_city(lines, *cities):
    """Customers get a column, and rows that have it. A table line has the order of the change behind it."""
    lines.table("customers", [*CUSTOMERS, ("city", "text")], defaults={"city": "old"},
                at=order(lines.position, lines.index + 1))
    for number, city in enumerate(cities, 1):
        lines.change("customers", "u", customer(number) | {"city": city})
    return lines


@case
def an_older_shape_again(folder):
    """A table line that comes again, behind a restart or at the turn to another partition, is that of the lines behind
    it, and takes no column from the rows; where the table has that shape again, its rows tell"""
    def cities():
        return [row.get("city") for row in tool.content("plain")]
    tool, lines = Tool(folder, "CREATE VIEW plain KEY (id) AS SELECT * FROM customers;"), Lines()
    begun = lines.snapshot("customers", [customer(1), customer(2), customer(3), customer(9)], CUSTOMERS).checkpoint().take()
    old = lines.table("customers", CUSTOMERS, at=order(lines.position, 1)).take()
    changed = lines.change("customers", "u", customer(3, "three")).take()
    new = with_city(lines).take()
    lines.change("customers", "u", customer(1) | {"city": "a"}).change("customers", "d", {"id": 9})
    changed += new + lines.checkpoint().take()
    tool.run(begun + old + changed)
    expect("begun", cities(), ["a", "old", "old"])
    tool.run(begun + old + changed)
    tool.run(lines.checkpoint().take())
    expect("all again", cities(), ["a", "old", "old"])
    tool.run(old + lines.change("customers", "r", customer(9), at=order(1005)).checkpoint().take())
    expect("a deleted row", cities(), ["a", "old", "old"])
    expect("check", subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False).stdout,
           "0 views differ\n")
    lines.position += 10
    late = lines.change("customers", "c", customer(4, "four")).take()
    ahead = with_city(lines, "b", "c").take()
    newer = "".join(line + "\n" for line in ahead.splitlines() if line.startswith('{"table"'))
    tool.run(ahead + old + late + newer + lines.change("customers", "u", customer(1) | {"city": "d"}).checkpoint().take())
    expect("two partitions", cities(), ["d", "c", "old", "old"])
    tool.write("CREATE VIEW plain KEY (id) AS SELECT id, name FROM customers;")
    tool.run(old + lines.change("customers", "c", customer(5)).checkpoint().take())
    tool.write("CREATE VIEW plain KEY (id) AS SELECT * FROM customers;")
    tool.run(newer + lines.change("customers", "u", customer(1) | {"city": "e"}).checkpoint().take())
    expect("dropped and made anew", cities(), ["e", "old", "old", "old", "old"])


@case
def an_older_key_again(folder):
    """A table line that comes again, of a key that the table had before, takes no column from the rows either"""
    for by_marks in (False, True):
        place = pathlib.Path(folder) / str(by_marks)
        place.mkdir()
        tool, lines = Tool(place, "CREATE VIEW plain KEY (id) CHECKED AS SELECT * FROM customers;"), Lines()
        cut = lines.mark if by_marks else lines.checkpoint
        lines.snapshot("customers", [customer(1), customer(2), customer(3)], CUSTOMERS)
        tool.run(cut().take())
        lines.table("customers", CUSTOMERS, at=order(lines.position, 1)).change("customers", "u", customer(3, "three"))
        lines.change("customers", "d", {"id": 2})
        lines.table("customers", [*CUSTOMERS, ("city", "text")], ("name",), at=order(lines.position, lines.index + 1))
        for number, name, city in ((1, "c1", "a"), (3, "three", "b")):
            lines.change("customers", "u", customer(number, name) | {"city": city})
            told = json.loads(lines.text.pop())
            lines.add(told | {"key": {"name": name}})
        again = lines.take()
        cut()
        tool.run(again + lines.take())
        def rows():
            return [(row["id"], row["city"]) for row in tool.content("plain")]
        expect("begun", rows(), [(1, "a"), (3, "b")])
        half = again[:again.index('{"table"', 1)]
        for text in (half, again):
            tool.run(text)
            tool.run(text + cut().take())
            expect("again", rows(), [(1, "a"), (3, "b")])
        expect("check", subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False).stdout,
               "0 views differ\n")


@case
def deleted_keys_of_another_shape(folder):
    """A deleted row stays deleted where an older line of it comes again, though the table got a column meanwhile"""
    tool, lines = Tool(folder, "CREATE VIEW names KEY (id) AS SELECT id, name FROM customers;"), Lines()
    tool.run(base(lines).take())
    tool.run(lines.change("customers", "d", {"id": 2}).checkpoint().take())
    tool.run(with_city(lines, "x").checkpoint().take())
    lines.change("customers", "r", customer(2) | {"city": "x"}, at=order(1005)).checkpoint()
    tool.run(lines.take())
    expect("rows", tool.content("names"), [customer(1)])


@case
def a_scale_that_is_gone(folder):
    """numeric(2,2) that becomes numeric: the rows of the state have the text that the source has"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id, n FROM rates;"), Lines()
    lines.table("rates", [("id", "integer"), ("n", "numeric(2,2)")])
    told = json.loads(lines.text.pop())
    told["table"]["columns"][1] |= {"precision": 2, "scale": 2}
    lines.add(told).snapshot("rates", [{"id": 1, "n": "0.50"}, {"id": 2, "n": "-0.05"}]).checkpoint()
    lines.table("rates", [("id", "integer"), ("n", "numeric")]).change("rates", "c", {"id": 3, "n": "0.5"}).checkpoint()
    tool.run(lines.take())
    expect("rows", [row["n"] for row in tool.content("v")], ["0.50", "-0.05", "0.5"])


@case
def another_table_under_the_name(folder):
    """A table that was dropped and made anew has another oid: the rows of the old one end at its table line, whatever
    its columns; a line of the old one that comes again is nothing"""
    tool, lines = Tool(folder, JOIN + """CREATE VIEW n KEY () AS SELECT count(*) AS n FROM visits;"""), Lines()

    def table(oid, *more, name="customers", key=("id",), columns=CUSTOMERS):
        lines.table(name, [*columns, *more], key)
        line = json.loads(lines.text.pop())
        line["table"]["oid"] = oid
        return lines.add(line)

    def changes(*rows):
        for row in rows:
            lines.change("customers", "c", row)
        return lines.checkpoint()

    table(1).snapshot("customers", [customer(1), customer(2)])
    table(3, name="visits", key=(), columns=[("page", "text")])
    lines.snapshot("visits", [{"page": "a"}], key=())
    lines.snapshot("orders", [an_order(1), an_order(2, 2)], ORDERS).checkpoint()
    tool.run(lines.take())
    again = table(1).take()
    lines.position += 10
    tool.run(changes(customer(3)).take())
    table(2)
    tool.run(changes(customer(2, "new")).take())
    expect("rows", [row["name"] for row in tool.content("details")], ["new"])
    tool.run(again + changes(customer(4)).take())
    expect("a line again", [row["name"] for row in tool.content("details")], ["new"])
    tool.run(table(5, ("size", "integer")).take() + changes(customer(1) | {"size": 1}).take())
    expect("other columns", [row["name"] for row in tool.content("details")], ["c1"])
    table(4, name="visits", key=(), columns=[("page", "integer")])
    tool.run(lines.change("visits", "c", {"page": 7}, key=False).checkpoint().take())
    expect("a bag", tool.bag("n"), [{"n": 1}])
    tool.run(table(6, ("size", "text")).checkpoint().take())
    expect("no rows yet", tool.content("details"), [])
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    expect("check", done.stdout, "0 views differ\n")


@case
def a_key_that_changes_between_cuts(folder):
    """Lines before the new key count by the old one: rows that they delete or change do not stay under the other"""
    view = "CREATE VIEW names PARTITION (name) AS SELECT name, id FROM customers;"
    for key in (("id",), ()):
        place = pathlib.Path(folder) / str(len(key))
        place.mkdir()
        tool, lines = Tool(place, view), Lines()
        rows = [customer(number) for number in (1, 2, 3)]
        tool.run(lines.snapshot("customers", rows, CUSTOMERS, key=key).checkpoint().take())
        lines.change("customers", "u", customer(3, "three"), before=None if key else customer(3), key=bool(key))
        lines.change("customers", "d", customer(2), key=bool(key))
        lines.table("customers", CUSTOMERS, ("name",)).change("customers", "c", customer(4))
        told = json.loads(lines.text.pop())
        lines.add(told | {"key": {"name": "c4"}}).checkpoint()
        tool.run(lines.take())
        expect("rows", sorted(row["id"] for row in tool.bag("names")), [1, 3, 4])
        lines.table("customers", CUSTOMERS, key).change("customers", "d", customer(1), key=bool(key)).checkpoint()
        tool.run(lines.take())
        expect("and back", sorted(row["id"] for row in tool.bag("names")), [3, 4])


@case
def operators_that_the_engine_has_not(folder):
    """An operator between types that have none is refused with its view"""
    tool, lines = Tool(folder, "\nCREATE VIEW v KEY (id) AS SELECT id, tags || 5 AS x FROM posts;"), Lines()
    told = json.loads(lines.table("posts", [("id", "integer"), ("tags", "integer[]")]).text.pop())
    told["table"]["columns"][1]["element"] = "integer"
    tool.run(lines.add(told).snapshot("posts", [{"id": 1, "tags": [2]}]).checkpoint().take(), code=2)
    expect("words", "views.sql:2: view 'v': an expression that the engine does not take" in tool.words, True)


@case
def wrong_before_all_is_read(folder):
    """A column that no table has is told at the first cut that knows the tables, and by --check"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id,\n nme FROM customers;"), Lines()
    begun = lines.snapshot("customers", [customer(1)], CUSTOMERS).text
    begun[:] = begun[:-1] # without its end
    started = lines.checkpoint().take()
    tool.run(started, code=2)
    expect("words", "views.sql:2: view 'v': 'nme' is no column" in tool.words, True)
    tool.write("CREATE VIEW v KEY (id) AS SELECT id, name FROM customers;")
    expect("nothing yet", ops(tool.run(started)), [])
    tool.write("CREATE VIEW w KEY (id) AS SELECT id, nme FROM customers;")
    tool.run("", "--check", code=2)


@case
def a_shape_between_begin_and_rows(folder):
    """Another shape before the first row of a snapshot that has begun"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id, name FROM customers;"), Lines()
    lines.snapshot("customers", [], CUSTOMERS)
    end = lines.text.pop()
    tool.run(lines.checkpoint().take())
    lines.table("customers", [*CUSTOMERS, ("city", "text")]).change("customers", "r", customer(1) | {"city": "x"})
    tool.run(lines.take() + end + "\n" + lines.checkpoint().take())
    expect("rows", tool.content("v"), [customer(1)])


@case
def another_view_file(folder):
    """Views that are the same go on; another SELECT comes out as differences, other columns as a snapshot"""
    names = "CREATE VIEW names KEY (id) AS SELECT id, name FROM customers{};"
    tool, lines = Tool(folder, JOIN + names.format("")), Lines()
    tool.run(base(lines).take())
    tool.write(JOIN.replace("SELECT o.id", "SELECT  o.id") + names.format(" WHERE id <> 1"))
    out = tool.run(lines.change("customers", "u", customer(2, "two")).checkpoint().take())
    expect("changes", sorted((line["source"]["table"], line["op"]) for line in out if "key" in line),
           [("details", "u"), ("names", "d"), ("names", "u")])
    tool.write("CREATE VIEW names KEY (id) AS SELECT id, upper(name) AS name, name AS lower FROM customers;"
               "CREATE VIEW more KEY (id) AS SELECT id FROM orders;")
    out = tool.run(lines.change("customers", "c", customer(7)).checkpoint().take())
    expect("kinds", [(list(line)[0], line["source"]["table"]) for line in out if "source" in line and "key" not in line][-6:],
           [(kind, view) for view in ("names", "more") for kind in ("table", "snapshot", "snapshot")])
    expect("names", [r["name"] for r in tool.content("names")], ["C1", "TWO", "C7"])
    expect("said", "view details is not in the file any more" in tool.words, True)
    for clauses in ("KEY (id, more)", "PARTITION (other)", "PARTITION (third) FULL"):
        column = re.search(r"(\w+)\)", clauses)[1]
        tool.write(f"CREATE VIEW names {clauses} AS SELECT id, name AS {column} FROM customers;")
        out = tool.run(lines.change("customers", "u", customer(7)).checkpoint().take())
        expect(clauses, [line["op"] for line in out if "key" in line], ["r", "r", "r"])
    tool.write("CREATE VIEW names KEY (nme) FULL AS SELECT id, name FROM customers;")
    tool.run(lines.change("customers", "u", customer(7)).checkpoint().take(), code=2)
    expect("words", "views.sql:1: view 'names': 'nme' is no column of the SELECT" in tool.words, True)


@case
def a_view_that_left(folder):
    """--drop-view takes its rows out of the target by a truncate, once; a view of the file is refused"""
    names = "CREATE VIEW names KEY (id) AS SELECT id, name FROM customers;"
    tool, lines = Tool(folder, JOIN + names), Lines()
    highest = max(line["source"]["order"] for line in tool.run(base(lines).take()) if "key" in line)
    tool.run("", "--drop-view", "names", code=2)
    expect("refused", "the view is in the file" in tool.words, True)
    tool.write(JOIN)
    out = tool.run(lines.checkpoint().take(), "--drop-view", "names")
    expect("lines", [(list(line)[0], line.get("op"), line["source"]["table"]) for line in out if "source" in line],
           [("table", None, "details"), ("table", None, "names"), ("key", "t", "names")])
    expect("columns", [column["name"] for column in out[1]["table"]["columns"]], ["id", "name"])
    expect("above", out[2]["source"]["order"] > highest, True)
    out = tool.run(lines.checkpoint().take(), "--drop-view", "names")
    expect("once", [line for line in out if line.get("op") == "t"], [])
    expect("forgotten", "not in the file" in tool.words, False)
    tool.write(JOIN + names)
    tool.run(lines.change("customers", "c", customer(9)).checkpoint().take())
    expect("made anew", len(tool.content("names")), 3)


@case
def later_snapshot(folder):
    """Rows that a later whole snapshot did not bring are gone; what the log says behind it wins"""
    tool, lines = Tool(folder, JOIN), Lines()
    tool.run(base(lines).take())
    lines.snapshot("orders", [an_order(1, 2), an_order(4, 1)])
    lines.change("orders", "u", an_order(4, 2)).checkpoint()
    tool.run(lines.take())
    expect("rows", [(r["id"], r["name"]) for r in tool.content("details")], [(1, "c2"), (4, "c2")])


@case
def snapshot_beside_a_stream(folder):
    """A table of MySQL that is read beside the stream, before and behind restarts: the stream goes on where it was, no
    change of other tables is left out or counts twice, and the new rows count from the cut on that has passed them"""
    view = JOIN + "CREATE VIEW pages KEY (page) AS SELECT page, count(*) AS n FROM visits GROUP BY page;"
    columns = [("page", "text"), ("at", "integer")]
    for restart in (True, False):
        (pathlib.Path(folder) / str(restart)).mkdir()
        tool, lines = Tool(pathlib.Path(folder) / str(restart), view), Lines()
        lines.snapshot("orders", [an_order(1), an_order(2, 2)], ORDERS).snapshot("customers", [customer(1), customer(2)], CUSTOMERS)
        lines.snapshot("visits", [{"page": "a", "at": 1}], columns, key=())
        tool.run(lines.mysql().take())
        stream, lines.position = lines.position, 2000
        text = lines.snapshot("customers", [customer(1, "read"), customer(2, "again")]).beside().take()
        if restart:
            expect("not yet", ops(tool.run(text)), [])
            text = ""
        lines.position = stream
        lines.change("visits", "c", {"page": "a", "at": 2}, key=False).change("orders", "c", an_order(3, 2)).mysql()
        out = tool.run(text + lines.take())
        expect("counts", tool.content("pages"), [{"page": "a", "n": 2}])
        expect("as of the stream", [(r["id"], r["name"]) for r in tool.content("details")], [(1, "c1"), (2, "c2"), (3, "c2")])
        expect("checkpoint lines", sum("checkpoint" in line for line in out), 1 if restart else 2)
        lines.position = 2100
        lines.change("visits", "c", {"page": "b", "at": 2}, key=False).mysql()
        tool.run(lines.take())
        expect("passed", [(r["id"], r["name"]) for r in tool.content("details")], [(1, "read"), (2, "again"), (3, "again")])
        expect("counts", [(r["page"], r["n"]) for r in tool.content("pages")], [("a", 2), ("b", 1)])
        stream = lines.position
        text = lines.change("visits", "c", {"page": "c", "at": 2}, key=False).take()
        lines.position = 3000
        text += lines.snapshot("customers", [customer(3)]).beside().take()
        lines.position = stream
        out = tool.run(text + lines.change("visits", "d", {"page": "c", "at": 2}, key=False).mysql().take())
        expect("half of a transaction", ops(out), [])
        expect("order", [line["checkpoint"].get("beside", False) for line in out if "checkpoint" in line], [False, True])
        lines.position = 3000
        tool.run(lines.mysql().take())
        expect("read again", tool.content("details"), [])


@case
def read_to_the_end_at_a_cut_of_another_input(folder):
    """A cut of one input keeps nothing of another's that only its own next checkpoint would: killed then, the other comes
    again from its last one, with tables in another order, and no row of it is missing"""
    tool = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id FROM one.public.items; CREATE VIEW w KEY (id) AS SELECT id FROM two.public.others;")
    fifos = {name: tool.folder / name for name in ("one", "two")}
    for fifo in fifos.values():
        os.mkfifo(fifo)
    inputs = [word for name, fifo in fifos.items() for word in ("--input", f"{name}={fifo}")]
    columns = [("id", "integer")]
    one, two = Lines(), Lines()
    one.table("items", columns).checkpoint()
    begun = one.take()
    items = one.snapshot("items", [{"id": n} for n in range(5)]).take()
    with subprocess.Popen(tool.command(*inputs), stdout=subprocess.PIPE, text=True) as running, \
            open(fifos["one"], "w", encoding="utf-8") as first, open(fifos["two"], "w", encoding="utf-8") as second:
        def until_checkpoint():
            while "checkpoint" not in (line := json.loads(running.stdout.readline())):
                tool.apply(line)
        first.write(begun + items)
        first.flush()
        until_checkpoint()
        time.sleep(0.5) # the lines behind the checkpoint are taken
        second.write(two.snapshot("others", [{"id": 7}], columns).checkpoint().take())
        second.flush()
        until_checkpoint()
        running.kill()
        running.wait()
    with subprocess.Popen(tool.command(*inputs), stdout=subprocess.PIPE, text=True) as running:
        with open(fifos["one"], "w", encoding="utf-8") as first, open(fifos["two"], "w", encoding="utf-8"):
            other = Lines(one.position + 10)
            first.write(other.snapshot("moves", [{"id": 1}], columns).checkpoint().take() + items + other.checkpoint().take())
        for line in running.stdout:
            tool.apply(json.loads(line))
    expect("exit status", running.returncode, 0)
    expect("rows", [row["id"] for row in tool.content("v")], list(range(5)))


@case
def another_server(folder):
    """A stream of MySQL or MariaDB goes on at another server by global transaction ids, behind a restart too, and behind
    topics: what was not acknowledged comes again with higher orders, and counts once. A server of another history is
    refused"""
    view = JOIN + "CREATE VIEW pages KEY (page) AS SELECT page, count(*) AS n FROM visits GROUP BY page;"
    columns = [("page", "text"), ("at", "integer")]
    a, b, c = (letter * 8 + "-0000-0000-0000-" + letter * 12 for letter in "abc")
    for kind, restart, by_marks in (("mysql", False, False), ("mysql", True, False), ("mariadb", False, False),
                                    ("mysql", False, True), ("mysql", True, True)):
        def ids(of_a, of_b=0):
            if kind == "mysql":
                return f"{a}:1-{of_a}" + (f",{b}:1-{of_b}" if of_b else "")
            return f"0-2-{of_a + of_b}" if of_b else f"0-1-{of_a}"
        def gtid(server, number):
            return f"{server}:{number}" if kind == "mysql" else f"0-1-{number}" if server == a else f"0-2-{12 + number}"
        def mark(of_a, of_b=0, server="b"):
            def at():
                return lines.mysql({"gtids": ids(of_a, of_b)}, server, kind)
            return lines.mark(at) if by_marks else at()
        def again():
            lines.gtid = gtid(a, 11)
            lines.change("visits", "c", {"page": "a", "at": 1}, key=False).change("orders", "c", an_order(3, 1))
        place = pathlib.Path(folder) / f"{kind} {restart} {by_marks}"
        place.mkdir()
        tool, lines = Tool(place, view), Lines()
        lines.snapshot("orders", [an_order(1)], ORDERS).snapshot("customers", [customer(1)], CUSTOMERS)
        lines.snapshot("visits", [], columns, key=())
        mark(10, server="a")
        again()
        mark(11, server="a")
        lines.gtid = gtid(a, 12)
        lines.change("orders", "d", {"id": 3})
        mark(12, server="a")
        tool.run(lines.take())
        lines.epoch, lines.position = 2, 5
        told = mark(10).take()
        again()
        text = mark(11).take()
        out = tool.run(told + ("" if restart else text))
        expect("lines of what is there", [line["checkpoint"]["gtids"] for line in out if "table" not in line],
               [] if by_marks else [ids(10)]) # a mark says that the topics were read so far
        lines.gtid = gtid(a, 12)
        lines.change("orders", "d", {"id": 3})
        lines.gtid = gtid(b, 1)
        lines.change("visits", "c", {"page": "b", "at": 1}, key=False)
        out = tool.run((text if restart else told + text) + mark(12, 1).take())
        expect("the last checkpoint", out[-1]["checkpoint"]["gtids"], ids(12, 1))
        expect("changes", [(line["op"], line["key"]) for line in out if "key" in line], [("c", {"page": "b"})])
        lines.gtid = gtid(b, 2)
        tool.run(lines.change("visits", "d", {"page": "a", "at": 1}, key=False).take() + mark(12, 2).take())
        expect("rows", ([r["id"] for r in tool.content("details")], tool.content("pages")), ([1], [{"page": "b", "n": 1}]))
        tool.run(mark(12, 2, "c").take(), code=4)
        if by_marks:
            continue
        lines.epoch = 3
        tool.run(lines.mysql(None, "c", kind).take(), code=4)
        if kind == "mysql":
            tool.run(lines.mysql({"gtids": f"{c}:1-9"}, "c").take(), code=4)
            expect("words", "Each pipe needs a state of its own" in tool.words, True)


@case
def passed_lines(folder):
    tool, lines = Tool(folder, JOIN), Lines()
    text = base(lines).take()
    out = tool.run(text, "--pass", "public.customers")
    passed = [line for line in out if line.get("source", {}).get("connector") == "postgresql"]
    expect("kinds", [list(line)[0] for line in passed], ["table", "snapshot", "key", "key", "snapshot"])


@case
def types_of_the_file(folder):
    """numeric without a scale is text, until the file says what it is; what does not fit stops"""
    columns = [("id", "integer"), ("price", "numeric")]
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id, price FROM prices;"), Lines()
    prices = lines.snapshot("prices", [{"id": 1, "price": "1.5"}], columns).checkpoint().take()
    tool.run(prices)
    expect("text", tool.content("v"), [{"id": 1, "price": "1.5"}])
    with tempfile.TemporaryDirectory() as other:
        tool = Tool(other, "TYPE prices.price decimal(10,2); CREATE VIEW v KEY (id) AS SELECT id, price * 2 AS price FROM prices;")
        tool.run(prices)
        expect("decimal", tool.content("v"), [{"id": 1, "price": "3.00"}])
        tool.run(lines.change("prices", "c", {"id": 2, "price": "1.555"}).checkpoint().take(), code=5)
        expect("words", "more than 2 digits" in tool.words, True)


@case
def kept_for_a_time(folder):
    """KEEP: rows older than the interval before the cut's commit time leave the state and the views"""
    columns = [("id", "integer"), ("at", "timestamp with time zone"), ("note", "text")]
    for key in ("id",), ():
        with tempfile.TemporaryDirectory() as own:
            tool, lines = Tool(own, """KEEP '1 hour' ON visits.at;
                                       CREATE VIEW v KEY (n) AS SELECT count(*) AS n FROM visits;
                                       """.replace("KEY (n)", "KEY ()")), Lines()
            # The cuts' commit time is 2025-11-21T07:10:00Z.
            rows = [{"id": 1, "at": "2025-11-21T06:00:00Z", "note": "a"}, {"id": 2, "at": "2025-11-21T06:30:00Z", "note": "b"},
                    {"id": 3, "at": None, "note": "c"}]
            tool.run(lines.snapshot("visits", rows, columns, key=key).checkpoint().take())
            expect("old", tool.bag("v"), [{"n": 2}])
            lines.change("visits", "c", {"id": 4, "at": "2025-11-20T00:00:00Z", "note": "d"}, key=bool(key))
            lines.change("visits", "d", rows[0], key=bool(key)).checkpoint()
            tool.run(lines.take())
            expect("came old", tool.bag("v"), [{"n": 2}])
            text = lines.change("visits", "c", {"id": 5, "at": "2025-11-21T07:55:00Z", "note": "e"}, key=bool(key)).checkpoint().take()
            tool.run(text.replace('"commit_ts_ms":1763709000000', '"commit_ts_ms":1763715000000')) # 08:50
            expect("later", tool.bag("v"), [{"n": 2}])


@case
def frozen(folder):
    """FREEZE: groups whose rows may be too old by KEEP stay as they are, whatever comes; others follow"""
    columns = [("id", "integer"), ("seen", "timestamp with time zone"), ("note", "text")]
    hours = """KEEP '1 hour' ON visits.seen;
        CREATE VIEW hours KEY (hour) FREEZE AS
            SELECT date_trunc('hour', seen) AS hour, count(*) AS n FROM visits GROUP BY 1;
        CREATE VIEW each PARTITION (hour) FREEZE AS SELECT date_trunc('hour', seen) AS hour, note FROM visits;
        CREATE VIEW loose KEY (hour) AS SELECT date_trunc('hour', seen) AS hour, count(*) AS n FROM visits GROUP BY 1;
        CREATE VIEW notes KEY (hour) AS SELECT hour, n * 10 AS n FROM hours;"""
    tool, lines = Tool(folder, hours), Lines()
    def at(text, time):
        return text.replace('"commit_ts_ms":1763709000000', f'"commit_ts_ms":{1763709000000 + time * 60000}')
    def counts(view):
        return {row["hour"][11:16]: row["n"] for row in tool.content(view)}
    # The first cut's commit time is 2025-11-21T07:10:00Z: what is below 06:10 is gone.
    rows = [{"id": 1, "seen": "2025-11-21T06:30:00Z", "note": "a"}, {"id": 2, "seen": "2025-11-21T07:05:00Z", "note": "b"},
            {"id": 3, "seen": "2025-11-21T07:06:00Z", "note": "c"}]
    tool.run(lines.snapshot("visits", rows, columns).checkpoint().take())
    expect("begins", counts("hours"), {"06:00": 1, "07:00": 2})
    lines.change("visits", "c", {"id": 4, "seen": "2025-11-21T07:40:00Z", "note": "d"}).checkpoint()
    tool.run(at(lines.take(), 40)) # 07:50: below 06:50 is gone
    expect("rests", counts("hours"), {"06:00": 1, "07:00": 3})
    expect("leaves", counts("loose"), {"07:00": 3})
    expect("views over it", counts("notes"), {"06:00": 10, "07:00": 30})
    expect("one old row", [row["note"] for row in tool.bag("each")], ["a", "b", "c", "d"])
    lines.change("visits", "c", {"id": 5, "seen": "2025-11-21T06:20:00Z", "note": "e"})
    lines.change("visits", "u", {"id": 2, "seen": "2025-11-21T08:05:00Z", "note": "b"}).checkpoint()
    tool.run(at(lines.take(), 65), "--metrics", folder + "/m.prom") # 08:15: below 07:15 is gone
    expect("late", counts("hours"), {"06:00": 1, "07:00": 3, "08:00": 1})
    expect("late is counted", "cdc_transform_late_changes_total 1\n" in pathlib.Path(folder, "m.prom").read_text(), True)
    lines.change("visits", "u", {"id": 4, "seen": "2025-11-21T07:40:00Z", "note": "x"}).checkpoint()
    tool.run(at(lines.take(), 30)) # a commit time that goes back takes nothing back
    expect("the clock of the log goes back", counts("hours"), {"06:00": 1, "07:00": 3, "08:00": 1})
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    expect("right", (done.returncode, done.stdout), (0, "0 views differ\n"))
    tool.write(hours.replace("count(*) AS n FROM visits GROUP BY 1;", "count(*) + 100 AS n FROM visits GROUP BY 1;"))
    tool.run(at(lines.change("visits", "c", {"id": 6, "seen": "2025-11-21T08:06:00Z", "note": "f"}).checkpoint().take(), 66))
    expect("another SELECT", counts("hours"), {"06:00": 1, "07:00": 3, "08:00": 102})
    for wrong in ("KEY (note) FREEZE AS SELECT note, count(*) AS n FROM visits GROUP BY 1",
                  "KEY (seen) FULL FREEZE AS SELECT seen, count(*) AS n FROM visits GROUP BY 1",
                  "KEY (id) FREEZE AS SELECT id + 1 AS id FROM visits",
                  "KEY (seen) FREEZE AS SELECT seen + INTERVAL '1 day' AS seen FROM visits GROUP BY 1"):
        tool.write(f"KEEP '1 hour' ON visits.seen;\nCREATE VIEW w {wrong};")
        tool.run(at(lines.checkpoint().take(), 67), code=2)
        expect(wrong, "views.sql:2: view 'w': FREEZE of a view" in tool.words, True)


@case
def states_of_others(folder):
    """A state is of one source and of one process"""
    tool, lines = Tool(folder, JOIN), Lines()
    tool.run(base(lines).take())
    tool.run(lines.change("orders", "c", an_order(9)).checkpoint(slot="other").take(), code=4)
    expect("source", "Each pipe needs a state of its own" in tool.words, True)
    with subprocess.Popen(tool.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as holder:
        holder.stdout.readline()  # a table line of the views: it has the state
        done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
        tool.words = done.stderr
        holder.stdin.close()
        words = holder.stderr.read()
        holder.wait()
        expect("holder", (done.returncode, str(holder.pid) in tool.words, words), (4, True, ""))


def damage(database, statement):
    """Runs a statement on a stopped state, by the engine's own C functions."""
    cache = os.environ.get("CDC_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "cdc-toolkit")
    engine = ctypes.CDLL(os.environ.get("CDC_DUCKDB_LIBRARY") or os.path.join(cache, "libduckdb.so"))
    opened, connection, result = ctypes.c_void_p(), ctypes.c_void_p(), (ctypes.c_char * 64)()
    expect("open", engine.duckdb_open(str(database).encode(), ctypes.byref(opened)), 0)
    expect("connect", engine.duckdb_connect(opened, ctypes.byref(connection)), 0)
    expect("query", engine.duckdb_query(connection, statement.encode(), result), 0)
    engine.duckdb_destroy_result(result)
    engine.duckdb_disconnect(ctypes.byref(connection))
    engine.duckdb_close(ctypes.byref(opened))


@case
def collations(folder):
    """A view that compares a text which its source compares otherwise is refused at the cut that brings its collation,
    and goes on as it was where TYPE says that bytes count; one that passes it on is not computed anew"""
    places = {}
    for name, views in (("by_name", "CREATE VIEW by_name KEY (name) AS SELECT name, count(*) AS n FROM customers GROUP BY name;"),
                        ("details", JOIN),
                        ("over", "CREATE VIEW names KEY (id) AS SELECT id, name AS x FROM customers;\n"
                                 "CREATE VIEW over KEY (id) AS SELECT id FROM names WHERE x = 'c1';")):
        place = pathlib.Path(folder) / name
        place.mkdir()
        places[name] = Tool(place, views)
    lines = Lines()
    first = base(lines).take() # of an older version
    told = lines.table("customers", CUSTOMERS, collations={"name": "utf8mb4_0900_ai_ci"}).checkpoint().take()
    later = lines.change("customers", "c", customer(3)).checkpoint().take()
    for tool in places.values():
        tool.run(first)

    damage(places["details"].folder / "state" / "state.duckdb", "UPDATE out_details SET note = 'x' WHERE id = 1")
    expect("not computed anew", ops(places["details"].run(told)), [])

    for name, line, words in (
            ("by_name", 1, "view 'by_name': GROUP BY on column 'public.customers.name', which its source compares by "
                           "utf8mb4_0900_ai_ci"),
            ("over", 2, "view 'over': = on column 'public.customers.name', which its source compares by "
                        "utf8mb4_0900_ai_ci")):
        tool = places[name]
        views = (tool.folder / "views.sql").read_text()
        for _ in ("at the cut", "and again"):
            expect("no row leaves", ops(tool.run(told, code=2)), [])
            expect("the words", f"views.sql:{line}: {words}" in tool.words and "lower(name)" in tool.words, True)
        tool.write("TYPE customers.name text;\n" + views)
        expect("as it was", ops(tool.run(told)), [])
        tool.run(later)
        tool.write(views)
        lines = Lines(5000)
        tool.run(lines.change("customers", "c", customer(4)).checkpoint().take(), code=2) # the state has it
    expect("rows", places["by_name"].content("by_name"), [{"name": f"c{i}", "n": 1} for i in (1, 2, 3)])


@case
def checked(folder):
    """--check on a stopped state and SIGUSR1 in a running one find a row that is not what the SELECT gives"""
    tool, lines = Tool(folder, JOIN), Lines()
    tool.run(base(lines).take())
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    expect("right", (done.returncode, done.stdout), (0, "0 views differ\n"))
    damage(tool.folder / "state" / "state.duckdb", "UPDATE out_details SET note = 'x' WHERE id = 1")
    done = subprocess.run(tool.command("--check"), capture_output=True, text=True, check=False)
    expect("wrong", (done.returncode, done.stdout), (1, "1 views differ\n"))
    expect("named", "view details differs from its SELECT in 1 rows" in done.stderr, True)
    with open(folder + "/err", "w+", encoding="utf-8") as errors, \
            subprocess.Popen(tool.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                             text=True) as running:
        running.stdin.write(lines.change("orders", "c", an_order(8)).checkpoint().take())
        running.stdin.flush()
        while "checkpoint" not in running.stdout.readline():
            pass
        running.send_signal(signal.SIGUSR1)
        end = time.monotonic() + 30
        while "1 views differ" not in pathlib.Path(folder, "err").read_text() and time.monotonic() < end:
            time.sleep(0.05)
        running.stdin.close()
        expect("goes on", running.wait(), 0)
    expect("while it runs", "details differs" in pathlib.Path(folder, "err").read_text(), True)


@case
def checked_while_it_runs(folder):
    """--check-every compares at a cut, without being asked"""
    tool, lines = Tool(folder, JOIN), Lines()
    tool.run(base(lines).take())
    def text():
        return lines.change("orders", "u", an_order(2, 2, "5.00")).checkpoint().take()
    tool.run(text(), "--check-every", "1ms", "--metrics", folder + "/m.prom")
    expect("right", "differ" in tool.words, False)
    damage(tool.folder / "state" / "state.duckdb", "UPDATE out_details SET note = 'x' WHERE id = 1")
    tool.run(text(), "--check-every", "1h")
    expect("not yet", "differ" in tool.words, False)
    tool.run(text(), "--check-every", "1ms", "--metrics", folder + "/m.prom")
    expect("words", "view details differs from its SELECT in 1 rows" in tool.words, True)
    page = pathlib.Path(folder, "m.prom").read_text()
    for figure in ("cdc_transform_checks_total 1", "cdc_transform_differing_views 1"):
        expect(figure, figure + "\n" in page, True)


@case
def explained(folder):
    tool, lines = Tool(folder, JOIN), Lines()
    tool.run(base(lines).take())
    done = subprocess.run(tool.command("--explain"), capture_output=True, text=True, check=False)
    expect("exit status", done.returncode, 0)
    for word in ("view details", "public.orders", "public.customers", "changed_in_"):
        expect(word, word in done.stdout, True)


@case
def lost_state(folder):
    """A state that is made anew has higher orders, and begins with a whole snapshot that voids what is left"""
    tool, lines = Tool(folder, JOIN), Lines()
    text = base(lines).take()
    highest = max(line["source"]["order"] for line in tool.run(text) if "source" in line)
    subprocess.run(["rm", "-rf", tool.folder / "state"], check=True)
    again = tool.run(text.replace('"id":2,"customer_id"', '"id":3,"customer_id"').replace('{"id":2},"before":null,"after":{"id":3', '{"id":3},"before":null,"after":{"id":3'))
    expect("above", min(line["source"]["order"] for line in again if "source" in line) > highest, True)
    expect("voided", [r["id"] for r in tool.content("details")], [1, 3])


main()
