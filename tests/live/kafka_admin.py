#!/usr/bin/env python3
"""What kcat cannot ask a broker, by its protocol: kafka_admin.py HOST:PORT VERB …

    config TOPIC NAME                          the topic's setting, as the broker has it
    partitions TOPIC                           how many
    delete-records TOPIC PARTITION OFFSET      what is before that offset goes, as retention takes it
    delete-topic TOPIC                         and waits until it is gone
    add-partitions TOPIC COUNT                 how many it has then

Of one broker that leads all partitions. Kafka's protocol, before its flexible versions: integers are big endian, text has
its length in two bytes, arrays theirs in four.
"""
import socket
import struct
import sys
import time

DELETE_TOPICS, DELETE_RECORDS, DESCRIBE_CONFIGS, METADATA = (20, 1), (21, 0), (32, 1), (3, 1)
CREATE_PARTITIONS = (37, 0)
TIMEOUT_MS = 30_000
TOPIC = 2 # of the kinds of resources


def text(value):
    return struct.pack(">h", len(value.encode())) + value.encode()


def array(*items):
    return struct.pack(">i", len(items)) + b"".join(items)


class Answer:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def text(self):
        size = self.take("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode()


def asked(broker, api, body):
    host, port = broker.rsplit(":", 1)
    message = struct.pack(">hhi", *api, 1) + text("test") + body
    with socket.create_connection((host, int(port)), 30) as connection, connection.makefile("rb") as answers:
        connection.sendall(struct.pack(">i", len(message)) + message)
        size, _ = struct.unpack(">ii", answers.read(8))
        return Answer(answers.read(size - 4))


def refuse_error(code, what):
    if code:
        sys.exit(f"kafka_admin: {what}: error {code}")


def config(broker, topic, name):
    answer = asked(broker, DESCRIBE_CONFIGS, array(struct.pack(">b", TOPIC) + text(topic) + array(text(name))) + b"\0")
    answer.take("i"), answer.take("i")
    refuse_error(answer.take("h"), topic)
    answer.text(), answer.take("b"), answer.text()
    if answer.take("i") != 1 or answer.text() != name:
        sys.exit(f"kafka_admin: {topic} has no setting {name}")
    print(answer.text())


def partitions(broker, topic):
    answer = asked(broker, METADATA, array(text(topic)))
    for _ in range(answer.take("i")): # brokers
        answer.take("i"), answer.text(), answer.take("i"), answer.text()
    answer.take("i"), answer.take("i")
    refuse_error(answer.take("h"), topic)
    answer.text(), answer.take("b")
    print(answer.take("i"))


def delete_records(broker, topic, partition, offset):
    place = array(text(topic) + array(struct.pack(">iq", int(partition), int(offset))))
    answer = asked(broker, DELETE_RECORDS, place + struct.pack(">i", TIMEOUT_MS))
    answer.take("i"), answer.take("i"), answer.text(), answer.take("i"), answer.take("i"), answer.take("q")
    refuse_error(answer.take("h"), topic)


def topics(broker):
    """All of them: who asks for one by its name makes it."""
    answer = asked(broker, METADATA, struct.pack(">i", -1))
    for _ in range(answer.take("i")): # brokers
        answer.take("i"), answer.text(), answer.take("i"), answer.text()
    answer.take("i") # the controller
    found = set()
    for _ in range(answer.take("i")):
        answer.take("h")
        found.add(answer.text())
        answer.take("b")
        for _ in range(answer.take("i")): # partitions
            answer.take("h"), answer.take("i"), answer.take("i")
            for _ in "replicas", "in sync":
                for _ in range(answer.take("i")):
                    answer.take("i")
    return found


def delete_topic(broker, topic):
    answer = asked(broker, DELETE_TOPICS, array(text(topic)) + struct.pack(">i", TIMEOUT_MS))
    answer.take("i"), answer.take("i"), answer.text()
    refuse_error(answer.take("h"), topic)
    end = time.monotonic() + TIMEOUT_MS / 1000
    while topic in topics(broker):
        if time.monotonic() > end:
            sys.exit(f"kafka_admin: {topic} does not go")
        time.sleep(0.05)


def add_partitions(broker, topic, count):
    wanted = array(text(topic) + struct.pack(">ii", int(count), -1)) + struct.pack(">ib", TIMEOUT_MS, 0)
    answer = asked(broker, CREATE_PARTITIONS, wanted)
    answer.take("i"), answer.take("i"), answer.text()
    refuse_error(answer.take("h"), topic)


VERBS = {"config": config, "partitions": partitions, "delete-records": delete_records, "delete-topic": delete_topic,
         "add-partitions": add_partitions}
VERBS[sys.argv[2]](sys.argv[1], *sys.argv[3:])
