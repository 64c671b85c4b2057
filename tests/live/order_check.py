#!/usr/bin/env python3
"""Holds the order of every checkpoint line against the changes before and behind it.

    order_check.py [--appended] FILE…

A checkpoint says that everything before it is complete. So its order is not below that of any change
before it, no change behind it has an order that is not above it, and it never stands inside a
transaction, which is all changes of one commit position (order's first 20 digits). This holds over
reconnections and fail-overs of one cdc-capture too; a transaction that a lost connection cut comes
again as a whole, behind table lines: between the two a checkpoint may stand that is below it. --appended: the file has the lines of several
processes, one after the other; one that begins with a table line may go back behind what was not
acknowledged. Rows of snapshots have the order of their position, and do not count. Lines from Kafka
have the order of their partitions only: a file with a kafka checkpoint is passed over.
"""
import json
import sys

COUNTED = ("c", "u", "d", "t")


def wrong_of(path, appended):
    before = ""         # the highest order of a change
    checkpoint = ""     # the highest order of a checkpoint
    last = ""           # the order of the change before the last checkpoint
    since = False       # a checkpoint came behind the last change
    begins = False      # a table line came behind the last change
    again = None        # what is wrong unless the next change is the first of a new connection
    checkpoints = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if line.startswith(b'{"table"'):
                begins = True
                continue
            if not line.endswith(b"\n"):
                continue
            if not line.startswith((b'{"key"', b'{"checkpoint"')):
                # As below, when less than a line's first name was written.
                begins = begins or appended
                continue
            try:
                decoded = json.loads(line)
            except json.JSONDecodeError:
                # A line broken on purpose is for who reads it; what a process wrote last was cut, and the next
                # one's first line is behind it.
                begins = begins or appended
                continue
            if "checkpoint" in decoded:
                if decoded["checkpoint"]["kind"] == "kafka":
                    return None, 0
                order = decoded["checkpoint"]["order"]
                checkpoints += 1
                if order < before and not (appended and begins):
                    again = f"line {number}: checkpoint {order} behind change {before}"
                    if order < checkpoint:
                        return again, checkpoints
                    before = order
                checkpoint = max(checkpoint, order)
                since = True
                continue
            if decoded["op"] not in COUNTED or "order" not in decoded["source"]:
                continue
            order = decoded["source"]["order"]
            if again and not begins:
                return again, checkpoints
            again = None
            if order <= checkpoint:
                if not (appended and begins):
                    return f"line {number}: change {order} behind checkpoint {checkpoint}", checkpoints
                before = checkpoint = last = ""
            elif appended and begins and order < before:
                before = last = ""
            if since and order[:20] == last[:20] and not (begins and order <= last):
                return f"line {number}: a checkpoint inside the transaction of {order}", checkpoints
            before = max(before, order)
            last = order
            since = begins = False
    return None, checkpoints


def main(arguments):
    appended = "--appended" in arguments
    failed = False
    for path in [a for a in arguments if a != "--appended"]:
        wrong, _ = wrong_of(path, appended)
        if wrong:
            print(f"{path}: {wrong}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
