#!/usr/bin/env python3
"""cdc-transform that is behind: checkpoints that wait are one cut, and what leaves at each is still what the SELECT gives.

Each case feeds more checkpoint lines than cuts can be made in the time of --merge-after. No server.
"""
import pathlib
import subprocess
import time

from transform_bed import JOIN, Lines, Tool, an_order, base, case, customer, expect, main

CHECKPOINTS = 2500


def figure(tool, name):
    text = (tool.folder / "m.prom").read_text()
    return float(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])


def behind(folder, views, checkpoints=CHECKPOINTS):
    """Lines with a checkpoint behind each change, and what the view has at each of them."""
    tool, lines = Tool(folder, views), base(Lines())
    names, rows, wanted = {1: "c1", 2: "c2"}, {1: 1, 2: 2}, {}
    for number in range(3, checkpoints):
        if number % 7 == 0:
            who = number % 5 + 1
            names[who] = f"n{number}"
            lines.change("customers", "u" if who < 3 or f"n{number - 35}" in names.values() else "c", customer(who, f"n{number}"))
        elif number % 11 == 0 and number - 8 in rows:
            del rows[number - 8]
            lines.change("orders", "d", an_order(number - 8))
        else:
            rows[number] = number % 5 + 1
            lines.change("orders", "c", an_order(number, number % 5 + 1))
        lines.checkpoint()
        wanted[lines.position] = {key: names[who] for key, who in rows.items() if who in names}
    return tool, lines, wanted


def time_of_some(folder):
    """In milliseconds, what a few hundred cuts take here and now, each by itself."""
    sample = pathlib.Path(folder) / "sample"
    sample.mkdir()
    tool, lines, _ = behind(sample, JOIN, 200)
    text, begun = lines.take(), time.monotonic()
    tool.run(text, "--merge-after", "1h")
    return int((time.monotonic() - begun) * 1000)


@case
def checkpoints_that_wait_are_one_cut(folder):
    tool, lines, wanted = behind(folder, JOIN)
    out = tool.run(lines.take(), "--metrics", tool.folder / "m.prom", "--merge-after", f"{time_of_some(folder)}ms")
    has, seen = {}, 0
    for line in out:
        if "checkpoint" in line:
            position = int(line["checkpoint"]["order"][4:20], 16)
            if position in wanted:
                expect(f"the view at {position}", has, wanted[position])
                seen += 1
        elif "key" in line and line["op"] != "t":
            has.pop(line["key"]["id"], None)
            if line["after"]:
                has[line["key"]["id"]] = line["after"]["name"]
    expect("the last cut is there", has, wanted[lines.position])
    expect("fewer cuts than checkpoints, and some by themselves", 10 < seen < CHECKPOINTS / 2, True)
    expect("cuts that are counted", int(figure(tool, "cdc_transform_cuts_total")), seen + 1)


@case
def keep_goes_by_the_time_of_each(folder):
    """What KEEP takes away, and FREEZE keeps, depends on when a cut is: none is left out."""
    tool = Tool(folder, "KEEP '1 day' ON events.at;\nCREATE VIEW recent KEY (id) AS SELECT id, n FROM events;")
    lines = Lines().snapshot("events", [], [("id", "bigint"), ("at", "timestamp with time zone"), ("n", "integer")]).checkpoint()
    for number in range(1, CHECKPOINTS // 8):
        lines.change("events", "c", {"id": number, "at": "2025-11-21T06:30:00Z", "n": number}).checkpoint()
    tool.run(lines.take(), "--metrics", tool.folder / "m.prom", "--merge-after", "1s")
    expect("rows", len(tool.content("recent")), CHECKPOINTS // 8 - 1)
    expect("cuts", int(figure(tool, "cdc_transform_cuts_total")), CHECKPOINTS // 8)


@case
def a_line_that_is_broken_is_named(folder):
    """The look ahead says nothing of it."""
    tool, lines, _ = behind(folder, JOIN)
    text = lines.take().splitlines(keepends=True)
    broken = len(text) - 1
    text[broken] = '{"checkpoint":7}\n'
    done = subprocess.run(tool.command("--merge-after", "1s"), input="".join(text), capture_output=True, text=True, check=False)
    expect("exit status", done.returncode, 5)
    expect(f"line {broken + 1} in {done.stderr}", f"line {broken + 1}: " in done.stderr, True)


main()
