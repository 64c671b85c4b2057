#!/usr/bin/env python3
"""A sink for tests: keeps the changes of stdin in FILE and writes CHECKPOINT as sinks do.

kafka_sink.py FILE CHECKPOINT [--delay SECONDS]     (a wait before each checkpoint is stored)
"""
import os
import sys
import time

path, checkpoint = sys.argv[1:3]
delay = float(sys.argv[4]) if len(sys.argv) > 4 else 0
with open(path, "ab", buffering=1 << 20) as kept:
    for line in sys.stdin.buffer:
        if line.startswith(b'{"checkpoint"'):
            kept.flush()
            time.sleep(delay)
            with open(checkpoint + ".new", "wb") as new:
                new.write(line)
            os.rename(checkpoint + ".new", checkpoint)
        elif line.startswith(b'{"key"'):
            kept.write(line)
