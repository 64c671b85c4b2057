#!/usr/bin/env python3
"""TLS in front of a plain HTTP port: tls_front.py CERT KEY CLIENT_CA TARGET_PORT

Listens on a free loopback port, which it prints, and asks each client for a certificate of CLIENT_CA.
"""
import socket
import ssl
import sys
import threading


def pump(source, sink):
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(connection, context, port):
    try:
        secure = context.wrap_socket(connection, server_side=True)
    except (ssl.SSLError, OSError):
        connection.close()
        return
    plain = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=pump, args=(plain, secure), daemon=True).start()
    pump(secure, plain)


def main():
    certificate, key, authority, port = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # a missing certificate is said at once
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, int(port)), daemon=True).start()


if __name__ == "__main__":
    main()
