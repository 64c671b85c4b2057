#!/usr/bin/env python3
"""Prints, one a line, what must have data while a pipeline runs: the expression of each panel of the dashboards in
FOLDER, of each recording rule, and of each alert what is held against its limit.
"""
import json
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
wanted = []
for path in sorted((folder / "dashboards").glob("*.json")):
    for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
        wanted += [target["expr"] for target in panel["targets"]]
for line in (folder / "rules.yml").read_text(encoding="utf-8").splitlines():
    found = re.match(r"\s+expr: (.+)", line)
    if found:
        for part in re.split(r" or | and on \(\w+\) ", found[1].strip("'")):
            wanted.append(re.sub(r" (==|>|<) [-0-9.e]+$", "", part))
print("\n".join(dict.fromkeys(wanted)))
