#!/usr/bin/env python3
"""A free port of this host for a server: free_port.py [--first PORT] [COUNT]

It is below the range of outgoing connections, so that a server that is down keeps it, and is marked for a while, in
which nobody else who asks here is given it. COUNT (1): the first of so many free ones in a row. --first: that one, if
it is free. Exit status: 1 if none is free.
"""
import argparse
import os
import random
import socket
import sys
import tempfile
import time

MARKED_S = 120
FIRST, LAST = 20000, 32000


def forget_old_marks(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        try:
            if time.time() - os.stat(path).st_mtime > MARKED_S:
                os.unlink(path)
        except FileNotFoundError:
            pass


def mark(folder, port):
    try:
        os.close(os.open(os.path.join(folder, str(port)), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--first", type=int)
    parser.add_argument("count", type=int, nargs="?", default=1)
    options = parser.parse_args()
    folder = os.path.join(tempfile.gettempdir(), f"cdc-ports-{os.getuid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    forget_old_marks(folder)
    if options.first and is_free(options.first):
        print(options.first)
        return 0
    for first in random.sample(range(FIRST, LAST), 200):
        ports = range(first, first + options.count)
        if all(map(is_free, ports)) and all(mark(folder, port) for port in ports):
            print(first)
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
