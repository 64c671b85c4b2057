#!/usr/bin/env python3
"""A Kafka broker that knows of no broker, not even itself, as one does that has just started: empty_broker.py PORT TOPIC

It speaks ApiVersions 0 and Metadata 1, and writes a line to standard output for each answer without brokers. Other requests
that clients have ready for the broker that was there end the connection.
"""
import asyncio
import struct
import sys

API_VERSIONS, METADATA = 18, 3
UNSUPPORTED_VERSION, LEADER_NOT_AVAILABLE = 35, 5
# Produce, Fetch, ListOffsets, OffsetCommit, OffsetFetch, FindCoordinator, JoinGroup, Heartbeat, LeaveGroup, SyncGroup
OTHERS = [(0, 3, 9), (1, 4, 11), (2, 1, 5), (8, 2, 7), (9, 1, 5), (10, 0, 2), (11, 2, 5), (12, 0, 3), (13, 0, 1), (14, 0, 3)]
KNOWN = [(API_VERSIONS, 0, 0), (METADATA, 0, 1), *OTHERS]


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def answer(key, version, topic):
    if key == API_VERSIONS:
        error = UNSUPPORTED_VERSION if version > 0 else 0
        return struct.pack(">hi", error, len(KNOWN)) + b"".join(struct.pack(">hhh", *one) for one in KNOWN)
    if key == METADATA:
        print("no brokers", flush=True)
        controller = struct.pack(">i", -1) if version > 0 else b""
        internal = b"\0" if version > 0 else b""
        return (struct.pack(">i", 0) + controller +
                struct.pack(">ih", 1, LEADER_NOT_AVAILABLE) + text(topic) + internal + struct.pack(">i", 0))
    return None


async def serve(reader, writer, topic):
    try:
        while True:
            size, = struct.unpack(">i", await reader.readexactly(4))
            request = await reader.readexactly(size)
            key, version, number = struct.unpack(">hhi", request[:8])
            body = answer(key, version, topic)
            if body is None:
                break
            writer.write(struct.pack(">ii", len(body) + 4, number) + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    port, topic = int(sys.argv[1]), sys.argv[2]
    server = await asyncio.start_server(lambda r, w: serve(r, w, topic), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


asyncio.run(main())
