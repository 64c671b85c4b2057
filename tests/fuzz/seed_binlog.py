#!/usr/bin/env python3
"""Seeds of binlog_fuzz from the recorded files: seed_binlog.py FOLDER"""
import pathlib
import sys

data = pathlib.Path(__file__).resolve().parent.parent / "data" / "binlog"
for path in sorted(data.glob("*.bin")):
    file, at = path.read_bytes(), 4
    out = bytes([1 if "mariadb" in path.name else 0])
    while at + 19 <= len(file):
        size = int.from_bytes(file[at + 9:at + 13], "little")
        event = bytearray(file[at:at + size])
        if event[4] == 15:
            event[-5] = 0 # no checksums
        elif path.name.split(".")[0] not in ("types", "json"):
            del event[-4:]
        out += len(event).to_bytes(2, "big") + event
        at += size
    (pathlib.Path(sys.argv[1]) / path.stem).write_bytes(out)
