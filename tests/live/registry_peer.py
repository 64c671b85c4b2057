#!/usr/bin/env python3
"""What confluent-kafka's own serializers make of a topic, beside ours.

registry_peer.py lines                                lines of cdc-event(5) with one value of each kind
registry_peer.py read BROKERS REGISTRY FORMAT TOPIC   key, op, before and after of each record, as lines
                                                      have them; FORMAT: avro, json, protobuf
registry_peer.py write BROKERS REGISTRY TOPIC KEY.avsc VALUE.avsc
                                                      two changes of Debezium's schema and a tombstone

It runs with the Python of scripts/install-deps --print-python, which has the library.
"""
import base64
import datetime
import decimal
import hashlib
import json
import sys

ORDER = "0001%016x%012x"
COLUMNS = [
    ("id", "bigint", {"nullable": False, "key": 1}, ["1", '"9007199254740993"', "3"]),
    ("flag", "boolean", {}, ["true", "false", "null"]),
    ("small", "smallint", {}, ["-7", "0", "null"]),
    ("price", "numeric(12,2)", {"precision": 12, "scale": 2}, ['"1234.56"', '"-0.01"', "null"]),
    ("free", "numeric", {}, ['"1.50"', '"NaN"', "null"]),
    ("wide", "double precision", {}, ["0.1", '"-Infinity"', "null"]),
    ("narrow", "real", {}, ["1.5", "-2", "null"]),
    ("body", "bytea", {}, ['"3q2+7w=="', '""', "null"]),
    ("day", "date", {}, ['"2025-07-21"', '"1969-12-31"', "null"]),
    ("clock", "time without time zone", {}, ['"10:00:00.5"', '"00:00:00"', "null"]),
    ("local", "timestamp without time zone", {}, ['"2025-07-21T10:00:00.123456"', '"1970-01-01T00:00:00"', "null"]),
    ("zoned", "timestamp with time zone", {}, ['"2025-07-21T10:00:00Z"', '"1969-12-31T23:59:59.999999Z"', "null"]),
    ("list", "integer[]", {"element": "integer"}, ["[1,null,3]", "[]", "null"]),
    ("odd-name", "text", {}, ['"ü\\n\\"x\\""', '""', "null"]),
]


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def source(number):
    return dump({"version": "0.1.0", "connector": "postgresql", "name": "shop", "ts_ms": 1763709000000 + number,
                 "snapshot": "false", "db": "inventory", "sequence": "[\"1\",\"2\"]", "schema": "public",
                 "table": "kinds", "txId": number, "lsn": number, "xmin": None, "order": ORDER % (number, 1)})


def lines():
    columns = [{"name": name, "type": kind, "nullable": True, **more} for name, kind, more, _ in COLUMNS]
    version = hashlib.sha256(dump(columns).encode()).hexdigest()[:16]
    table = dump({"name": "public.kinds", "version": version, "columns": columns})
    print(f'{{"table":{table},"source":{source(0)},"ts_ms":1763709000000}}')

    def row(index):
        return "{" + ",".join(f'"{name}":{values[index]}' for name, _, _, values in COLUMNS) + "}"

    def change(number, key, before, after, op, more=""):
        print(f'{{"key":{{"id":{key}}},"before":{before},"after":{after}{more},"source":{source(number)},'
              f'"op":"{op}","ts_ms":{1763709000000 + number}}}')
    ids = COLUMNS[0][3]
    for index in range(3):
        change(index + 1, ids[index], "null", row(index), "c")
    change(4, ids[0], row(0), row(0), "u")
    change(5, ids[2], '{"id":3}', "null", "d")
    without = row(1).replace(',"odd-name":""', "")
    change(6, ids[1], "null", without, "u", ',"unchanged":["odd-name"]')


def as_line(value, name=""):
    """A Python value as a line has it."""
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat()
        text = text.rstrip("0") if "." in text else text
        return text + ("Z" if value.tzinfo else "")
    if isinstance(value, datetime.time):
        text = value.isoformat()
        return text.rstrip("0") if "." in text else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")
        return int(value) if value == int(value) else value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2 ** 53:
        return str(value)
    if isinstance(value, list):
        return [as_line(one) for one in value]
    if isinstance(value, dict):
        return {key.replace("_x002D_", "-"): as_line(one) for key, one in value.items()}
    return value


def protobuf_deserializer(registry, subject):
    """The client's, for the first message of the subject's schema, as protoc compiles it."""
    import pathlib
    import tempfile

    from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from grpc_tools import protoc
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "schema.proto")
        file.write_text(registry.get_latest_version(subject).schema.schema_str, encoding="utf-8")
        if protoc.main(["protoc", f"-I{folder}", f"--descriptor_set_out={folder}/set", str(file)]) != 0:
            sys.exit(f"protoc does not take the schema of {subject}")
        described = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(folder, "set").read_bytes()).file[0]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described)
    name = f"{described.package}.{described.message_type[0].name}"
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    # Without the registry: it would be asked for a form of the schema that only Confluent's own has.
    deserialize = ProtobufDeserializer(message, {"use.deprecated.format": False})
    return lambda data, context: message_value(deserialize(data, context))


def message_value(message):
    """A message as a line has it; lists of ours as lists."""
    fields = message.DESCRIPTOR.fields
    if [field.name for field in fields] == ["items"]:
        return [item.value if item.HasField("value") else None for item in message.items]
    out = {}
    for field in fields:
        if field.is_repeated:
            out[field.name] = list(getattr(message, field.name)) or None
        elif not message.HasField(field.name):
            out[field.name] = None
        else:
            value = getattr(message, field.name)
            out[field.name] = message_value(value) if field.message_type else value
    return out


def read(brokers, url, kind, topic):
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    from confluent_kafka.schema_registry.json_schema import JSONDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext
    registry = SchemaRegistryClient({"url": url})
    if kind == "protobuf":
        key_of, value_of = (protobuf_deserializer(registry, f"{topic}-{side}") for side in ("key", "value"))
    elif kind == "avro":
        key_of = value_of = AvroDeserializer(registry)
    else:
        key_of = value_of = JSONDeserializer(None, schema_registry_client=registry)
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "peer." + topic, "auto.offset.reset": "earliest",
                         "enable.partition.eof": True})
    consumer.subscribe([topic])
    while True:
        message = consumer.poll(30)
        if message is None:
            sys.exit("no end of the topic came")
        if message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                break
            continue
        key = key_of(message.key(), SerializationContext(topic, MessageField.KEY)) if message.key() else None
        value = value_of(message.value(), SerializationContext(topic, MessageField.VALUE)) if message.value() else None
        if value is None:
            print(dump({"tombstone": as_line(key)}))
            continue
        value = as_line(value)
        print(dump({"key": as_line(key), "op": value["op"], "before": value["before"], "after": value["after"],
                    "unchanged": value.get("unchanged"), "order": value["source"]["order"]}))
    consumer.close()


def write(brokers, url, topic, key_file, value_file):
    from confluent_kafka import Producer
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext
    registry = SchemaRegistryClient({"url": url})
    texts = [open(file, encoding="utf-8").read() for file in (key_file, value_file)]
    key_of, value_of = (AvroSerializer(registry, text) for text in texts)
    fields = json.loads(texts[1])["fields"][0]["type"][1]["fields"]
    producer = Producer({"bootstrap.servers": brokers})

    def send(key, value):
        producer.produce(topic, key=key_of(key, SerializationContext(topic, MessageField.KEY)),
                         value=value and value_of(value, SerializationContext(topic, MessageField.VALUE)))
    row = {field["name"]: None for field in fields}
    row |= {"id": 7, "customer_id": 2 ** 60, "status": "new", "amount": decimal.Decimal("1234.56"), "d": 20290,
            "created": 1753092000123456, "u": "00000000-0000-0000-0000-000000000001", "arr": [1, None]}
    origin = {"version": "3.3.1.Final", "connector": "postgresql", "name": "ac", "ts_ms": 1753092000123,
              "snapshot": "false", "db": "shop", "schema": "inventory", "table": "orders", "txId": 7, "lsn": 8}
    send({"id": 7}, {"before": None, "after": row, "source": origin, "op": "c", "ts_ms": 1})
    send({"id": 7}, {"before": row, "after": None, "source": origin, "op": "d", "ts_ms": 2})
    send({"id": 7}, None)
    if producer.flush(30):
        sys.exit("not all was delivered")


if __name__ == "__main__":
    {"lines": lines, "read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
