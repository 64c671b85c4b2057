#!/usr/bin/env python3
"""A sink: acknowledge.py LINES CHECKPOINT

Keeps what it reads in the file LINES, and each checkpoint line, once all before it is durable, in the file CHECKPOINT;
in a folder, in INPUT.json, by the line's own member `input`.
"""
import json
import os
import sys

lines, checkpoint = sys.argv[1:]
with open(lines, "ab") as kept:
    for line in sys.stdin.buffer:
        kept.write(line)
        if line.startswith(b'{"checkpoint"'):
            kept.flush()
            os.fsync(kept.fileno())
            path = checkpoint
            if os.path.isdir(checkpoint):
                path = os.path.join(checkpoint, json.loads(line)["input"] + ".json")
            with open(path + ".new", "wb") as new:
                new.write(line)
            os.rename(path + ".new", path)
