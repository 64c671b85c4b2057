#!/usr/bin/env python3
"""Protobuf by confluent-kafka's serializer, which registers descriptors in place of texts.

registry_descriptors.py BROKERS REGISTRY TOPIC [headers]    two changes, of messages behind and below entries of maps

It runs with the Python of scripts/install-deps --print-python, which has the library. What its own classes make of
each value is printed, in the order of the records.
"""
import base64
import json
import pathlib
import sys
import tempfile

import google.protobuf
from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.schema_registry.confluent.type import decimal_pb2  # noqa: F401: makes the file known
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2, wrappers_pb2  # noqa: F401
from google.type import date_pb2  # noqa: F401
from grpc_tools import protoc

FILES = {
    "confluent/type/decimal.proto": """syntax = "proto3"; package confluent.type;
        message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }""",
    "shop/row.proto": """syntax = "proto3"; package shop;
        import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto"; import "google/type/date.proto";
        import "confluent/type/decimal.proto";
        message Row { int64 id = 1; optional string note = 2; google.protobuf.Timestamp at = 3; google.type.Date day = 4;
            confluent.type.Decimal price = 5; google.protobuf.StringValue maybe = 6; map<string, sint32> tags = 7;
            enum Kind { NONE = 0; SOME = 1; } Kind kind = 8; oneof choice { bool yes = 9; fixed32 number = 10; }
            repeated double many = 11; }""",
    "shop/change.proto": """syntax = "proto3"; package shop; import "shop/row.proto";
        message Outer { map<string, int64> first = 1;
            message Source { string connector = 1; string db = 2; string schema = 3; string table = 4; }
            map<string, Row> second = 2;
            message Change { Row before = 1; Row after = 2; Source source = 3; string op = 4; int64 ts_ms = 5; }
            message Key { int64 id = 1; } }""",
}


def classes():
    """Of the messages, from descriptors that protoc made."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            file = pathlib.Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        site = pathlib.Path(google.protobuf.__file__).parents[2]
        if protoc.main(["protoc", f"-I{folder}", f"-I{pathlib.Path(protoc.__file__).parent}/_proto", f"-I{site}",
                        f"--descriptor_set_out={folder}/set", "shop/row.proto", "shop/change.proto"]) != 0:
            sys.exit("protoc does not take the files")
        described = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(folder, "set").read_bytes())
    pool = descriptor_pool.Default()
    for file in described.file:
        pool.Add(file)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"shop.Outer.{name}")) for name in ("Key", "Change")]


def as_line(message):
    """As a line has it: what is absent is null, or the kind's zero where the file tells no absence."""
    out = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type and field.message_type.GetOptions().map_entry:
            out[field.name] = [{"key": key, "value": value[key]} for key in value]
        elif field.is_repeated:
            out[field.name] = list(value)
        elif field.has_presence and not message.HasField(field.name):
            out[field.name] = None
        elif field.message_type:
            out[field.name] = as_line(value)
        elif field.enum_type:
            out[field.name] = field.enum_type.values_by_number[value].name
        else:
            out[field.name] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    return out


def main(brokers, url, topic, where=None):
    conf = {"schema.id.serializer": header_schema_id_serializer} if where == "headers" else {}
    registry = SchemaRegistryClient({"url": url})
    key, change = classes()
    key_of, value_of = (ProtobufSerializer(kind, registry, conf) for kind in (key, change))
    first = change(op="c", ts_ms=1)
    first.source.connector, first.source.db, first.source.schema, first.source.table = "postgresql", "d", "s", "t"
    row = first.after
    row.id, row.note, row.kind, row.number = 7, "", 1, 5
    row.at.seconds, row.at.nanos, row.day.year = 1753092000, 123, 2025
    row.price.value, row.price.scale, row.maybe.value = b"\x04\xd2", 2, "x"
    row.tags["a"] = -3
    row.many.extend([1.5, -2.25])
    second = change(op="d", ts_ms=2)
    second.source.CopyFrom(first.source)
    second.before.id = 7
    producer = Producer({"bootstrap.servers": brokers})
    for value in (first, second):
        headers = []
        producer.produce(topic, key=key_of(key(id=7), SerializationContext(topic, MessageField.KEY, headers)),
                         value=value_of(value, SerializationContext(topic, MessageField.VALUE, headers)), headers=headers)
        print(json.dumps({name: part for name, part in as_line(value).items() if name in ("before", "after", "op")}))
    if producer.flush(30):
        sys.exit("not all was delivered")


if __name__ == "__main__":
    main(*sys.argv[1:])
