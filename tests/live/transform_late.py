#!/usr/bin/env python3
"""Lines that come late or again, of rows that have changed since: values that the log did not carry, keys that change.

Each case has a folder of its own and feeds lines, as those of transform_lines.py. No server.
"""
import json
import os
import subprocess
import time

from transform_bed import ORDERS, Lines, Tool, an_order, case, expect, main, order


@case
def an_unchanged_value_beside_a_snapshot(folder):
    """Rows of a snapshot that count now do not give a later update the value that they had: the stored row is younger"""
    tool, lines = Tool(folder, "CREATE VIEW v KEY (id) AS SELECT id, amount, note FROM orders;"), Lines()
    tool.run(lines.snapshot("orders", [an_order(1), an_order(2), an_order(3)], ORDERS).checkpoint().take())
    lines.snapshot("orders", [an_order(1, note="read"), an_order(2, note="read"), an_order(3, note="read")])
    end = lines.text.pop()
    lines.change("orders", "u", an_order(1, note="newer")).change("orders", "d", {"id": 3}).checkpoint()
    tool.run(lines.take())
    for number in (1, 2):
        lines.change("orders", "u", {"id": number, "customer_id": 1, "amount": "5.00"}, unchanged=["note"])
    lines.change("orders", "c", an_order(3, note="again"))
    lines.change("orders", "u", {"id": 3, "customer_id": 1, "amount": "5.00"}, unchanged=["note"])
    tool.run(lines.take() + end + "\n" + lines.checkpoint().take())
    expect("rows", [(row["id"], row["amount"], row["note"]) for row in tool.content("v")],
           [(1, "5.00", "newer"), (2, "5.00", "read"), (3, "5.00", "again")])


@case
def an_unchanged_value_without_key(folder):
    """A table without key has it in the row before"""
    tool, lines = Tool(folder, "CREATE VIEW v PARTITION (page) AS SELECT page, note FROM visits;"), Lines()
    old = {"page": "a", "note": "long"}
    lines.snapshot("visits", [old, old], [("page", "text"), ("note", "text")], key=()).checkpoint()
    lines.change("visits", "u", {"page": "b"}, before=old, unchanged=["note"], key=False).checkpoint()
    tool.run(lines.take())
    expect("rows", tool.bag("v"), [old, {"page": "b", "note": "long"}])
    lines.change("visits", "u", {"page": "c"}, before={"page": "b"}, unchanged=["note"], key=False).checkpoint()
    tool.run(lines.take(), code=5)


@case
def lines_that_wait_behind_another_shape(folder):
    """Lines that were not acknowledged are sent again behind a table line of their own columns, where the view got others
    meanwhile, another key, or left the file"""
    names = "CREATE VIEW v KEY (id) AS SELECT * FROM customers;"
    dropped = ("", "--drop-view", "v")
    for number, (views, *options) in enumerate(((names,), (names.replace("*", "id, name AS other"),), dropped, ("",),
                                                (names.replace("KEY (id)", "KEY (id, name) CHECKED"),))):
        place = os.path.join(folder, str(number))
        os.mkdir(place)
        tool, lines = Tool(place, names), Lines()
        file = tool.folder / "acknowledged"

        def run(text, *more):
            command = [word for word in tool.command(*more) if word not in ("--ack", "on-write")]
            done = subprocess.run([*command, "--checkpoint", file], input=text, capture_output=True, text=True, check=True)
            return [line for line in map(json.loads, done.stdout.splitlines()) if "checkpoint" not in line]

        columns = [("id", "integer"), ("name", "text")]
        first = lines.snapshot("customers", [{"id": 1, "name": "a"}], columns).checkpoint().take()
        run(first)
        file.write_text(first.splitlines()[-1] + "\n")
        run(lines.change("customers", "u", {"id": 1, "name": "b"}).checkpoint().take())
        if views == names:
            lines.table("customers", [*columns, ("city", "text")]).change("customers", "u", {"id": 1, "name": "c", "city": "x"})
        elif views:
            lines.change("customers", "u", {"id": 1, "name": "c"})
        tool.write(views)
        out = [run(lines.checkpoint().take(), *options), run("")]
        for lines_out in out:
            shape, at, seen = None, "", 0
            for line in lines_out:
                if "table" in line:
                    shape, key = [each["name"] for each in line["table"]["columns"]], [
                        each["name"] for each in line["table"]["columns"] if "key" in each]
                    expect(f"orders of {views}", line["source"]["order"] >= at, True)
                elif line.get("op", "t") != "t":
                    expect(f"columns of {views}", (list(line["after"]), list(line["key"])), (shape, key))
                    seen += line["after"]["name" if "name" in line["after"] else "other"] == "b"
                at = line["source"]["order"]
            expect(f"sent again, {views}", seen, 1)


@case
def a_key_that_changes_while_another_input_cuts(folder):
    """The lines before the new key are rows at another input's cut: killed then, they come again and count once"""
    for number, keys in enumerate((((), ("id",)), (("id",), ()))):
        place = os.path.join(folder, str(number))
        os.mkdir(place)
        tool = Tool(place, "CREATE VIEW v KEY (page) AS SELECT page, count(*) AS n FROM one.public.visits GROUP BY page;"
                           "CREATE VIEW w KEY (id) AS SELECT id FROM two.public.others;")
        fifos = {name: tool.folder / name for name in ("one", "two")}
        for fifo in fifos.values():
            os.mkfifo(fifo)
        inputs = [word for name, fifo in fifos.items() for word in ("--input", f"{name}={fifo}")]
        columns = [("page", "text"), ("id", "integer")]
        one, two = Lines(), Lines()
        begun = one.snapshot("visits", [{"page": "a", "id": 1}, {"page": "z", "id": 9}], columns, key=keys[0]).checkpoint().take()
        one.table("visits", columns, keys[0], at=order(one.position, 1))
        one.change("visits", "c", {"page": "a", "id": 2}, key=bool(keys[0]))
        one.change("visits", "d", {"page": "z", "id": 9}, key=bool(keys[0]))
        one.table("visits", columns, keys[1], at=order(one.position, one.index + 1))
        one.change("visits", "c", {"page": "b", "id": 3}, key=bool(keys[1]))
        again, ended = one.take(), one.checkpoint().take()
        with subprocess.Popen(tool.command(*inputs), stdout=subprocess.PIPE, text=True) as running, \
                open(fifos["one"], "w", encoding="utf-8") as first, open(fifos["two"], "w", encoding="utf-8") as second:
            def until_checkpoint():
                while "checkpoint" not in (line := json.loads(running.stdout.readline())):
                    tool.apply(line)
            first.write(begun)
            first.flush()
            until_checkpoint()
            first.write(again)
            first.flush()
            time.sleep(0.5) # the lines behind the checkpoint are taken
            second.write(two.snapshot("others", [{"id": 7}], [("id", "integer")]).checkpoint().take())
            second.flush()
            until_checkpoint()
            running.kill()
            running.wait()
        with subprocess.Popen(tool.command(*inputs), stdout=subprocess.PIPE, text=True) as running:
            with open(fifos["one"], "w", encoding="utf-8") as first, open(fifos["two"], "w", encoding="utf-8"):
                first.write(again + ended)
            for line in running.stdout:
                tool.apply(json.loads(line))
        expect(f"exit status {keys}", running.returncode, 0)
        expect(f"rows {keys}", [(row["page"], row["n"]) for row in tool.content("v")], [("a", 2), ("b", 1)])


if __name__ == "__main__":
    main()
