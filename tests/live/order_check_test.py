#!/usr/bin/env python3
"""order_check.py itself: streams of which it must say nothing, and those that it must refuse.

A stream is words: T a table line, 3.1 the first change of the transaction 3, =3 a checkpoint of it; ~T what a
process that was killed had written of a line, and the next one's table line; ~~T as much less of it.
"""
import json
import pathlib
import sys
import tempfile

from order_check import wrong_of

RIGHT = ["T 1.1 1.2 =2 3.1", "T 1.1 =15 3.1 3.2 =15 T 3.1 3.2 =4", "T 1.1 =1"]
WRONG = ["T 1.1 =15 3.1 3.2 =15 3.1 3.2 =4",  # below a change, and no new connection
         "T 1.1 =15 3.1 =15 T 3.2 =4",        # inside a transaction
         "T 1.1 =15 3.1 =3 3.2 =4",
         "T 1.1 =15 3.1 =4 T 3.1",            # a change behind its checkpoint
         "T 1.1 =15 3.1 =14 T 3.1"]           # it falls
APPENDED = ["T 1.1 =15 3.1 =4 T 3.1",         # fine where two processes wrote one file
            "T 1.1 =2 3.1 5.1 T 3.1 =4 5.1",  # the second one's checkpoint is below the first one's changes
            "T 1.1 =15 3.1 =4 ~T 3.1",        # the first one was killed inside a line
            "T 1.1 =15 3.1 =4 ~~T 3.1"]


def line(word):
    if word.endswith("~T"):
        return '{"key":{"a":'[:3 if word == "~~T" else None] + line("T")
    if word == "T":
        text = {"table": {}}
    elif word.startswith("="):
        text = {"checkpoint": {"kind": "postgres", "order": word[1:].ljust(32, "0")}}
    else:
        position, index = word.split(".")
        text = {"key": None, "op": "c", "source": {"order": position.ljust(20, "0") + index.zfill(12)}}
    return json.dumps(text, separators=(",", ":")) + "\n"


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "lines"
        cases = [(words, False, False) for words in RIGHT] + [(words, False, True) for words in WRONG + APPENDED[1:]] + \
                [(words, True, False) for words in APPENDED]
        for words, appended, refused in cases:
            path.write_text("".join(line(word) for word in words.split()))
            wrong, _ = wrong_of(path, appended)
            if (wrong is not None) != refused:
                print(f"FAILED: {words}: {wrong}", file=sys.stderr)
                failed += 1
    return 1 if failed else 0


sys.exit(main())
