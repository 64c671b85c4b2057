#!/usr/bin/env python3
"""A network that a test can cut: proxy.py PORT TARGET-PORT, on loopback.

SIGSTOP makes it silent, as a cable that was pulled; its end resets all connections and refuses new ones.
"""
import socket
import sys
import threading

from tls_front import pump


def main():
    port, target = map(int, sys.argv[1:])
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            client, _ = server.accept()
            try:
                upstream = socket.create_connection(("127.0.0.1", target))
            except OSError:
                client.close()
                continue
            for ends in ((client, upstream), (upstream, client)):
                threading.Thread(target=pump, args=ends, daemon=True).start()


main()
