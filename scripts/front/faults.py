"""Faults that a test asks of scripts/clickhouse-front.

Faults: before each INSERT the first line of --fail-file is read:
    CODE [COUNT [WORD]]      answer with this exception code and do not insert
    drop [COUNT [WORD]]      insert, then close the connection without an answer
    reset [COUNT [WORD]]     close the connection without inserting
    delay SECONDS [COUNT [WORD]]   wait, then insert, unless the client has gone meanwhile
    hold SECONDS [COUNT [WORD]]    insert, make the file FAIL-FILE.held, then wait with the answer
    inside CODE [COUNT [WORD]]     do not insert, and say so inside an answer with status 200, as the
                                   server does once it has sent the first bytes. Of a statement that
                                   gives rows it has sent none under wait_end_of_query=1, and the
                                   status is an error's
    busy SECONDS [COUNT [WORD]]    do not insert; 503 and Retry-After, as a proxy before the server
    page [COUNT [WORD]]      do not insert; a page under status 200, as of a proxy without a server
    slow SECONDS [COUNT [WORD]]    insert, then give the answer byte by byte over that time
    close [COUNT [WORD]]           insert, answer, and close a connection that was to be kept
for the next COUNT inserts (default 1; * until the file changes) whose statement contains WORD, and all
words behind it. A WORD that is the first word of another statement, such as EXCHANGE, means that one instead.
A line that is used up is removed from the file.
"""
import os
import threading


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class Faults:
    """The next fault of the fail file."""

    def __init__(self, path):
        self._path = path
        self._lock = threading.Lock()

    def next(self, sql, verb):
        """(kind, argument) or None; takes one from the line's count."""
        if not self._path:
            return None
        with self._lock:
            try:
                with open(self._path, encoding="utf-8") as file:
                    lines = [line for line in file.read().splitlines() if line.strip()]
            except FileNotFoundError:
                return None
            if not lines:
                return None
            words = lines[0].split()
            kind = words.pop(0)
            argument = float(words.pop(0)) if kind in ("delay", "hold", "inside", "busy", "slow") else None
            count = words.pop(0) if words else "1"
            if not verb.startswith("INSERT") and (not words or words[0] != verb):
                return None
            if any(word.encode() not in sql for word in words):
                return None
            if count != "*":
                left = int(count) - 1
                shown = [kind] + ([str(argument)] if argument is not None else [])
                rest = [" ".join(shown + [str(left)] + words)] if left > 0 else []
                self._write(rest + lines[1:])
            return kind, argument

    def tell_held(self):
        with open(self._path + ".held", "w", encoding="utf-8"):
            pass

    def _write(self, lines):
        new = self._path + ".new"
        with open(new, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        os.replace(new, self._path)
