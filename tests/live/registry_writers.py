#!/usr/bin/env python3
"""Records whose schemas refer to others, by confluent-kafka's serializers.

registry_writers.py avro|json BROKERS REGISTRY TOPIC VALUE.avsc [headers]
                                               two changes of Debezium's schema
registry_writers.py raw BROKERS TOPIC VALUE [HEADER=VALUE…]
                                               one record of these bytes, in hexadecimal digits

The schema of a row and that of a source stand in subjects of their own, `row` and `source`, of TOPIC. With `headers`
headers of the records name the schemas of keys, which are Avro then, and of values.
It runs with the Python of scripts/install-deps --print-python, which has the library.
"""
import decimal
import json
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.serialization import MessageField, SerializationContext


def avro(registry, topic, file, conf):
    """The record Value in three subjects: the row, a source, and what holds both."""
    from confluent_kafka.schema_registry.avro import AvroSerializer
    whole = json.load(open(file, encoding="utf-8"))
    space = whole["namespace"]
    row = {"namespace": space, **whole["fields"][0]["type"][1]}
    source = whole["fields"][2]["type"]
    names = [f"{space}.Value", f"{source['namespace']}.Source"]
    whole["fields"][0]["type"] = whole["fields"][1]["type"] = ["null", names[0]]
    whole["fields"][2]["type"] = names[1]
    references = []
    for name, part, one in zip(names, ("row", "source"), (row, source)):
        registry.register_schema(f"{topic}-{part}", Schema(json.dumps(one), "AVRO"))
        references.append(SchemaReference(name, f"{topic}-{part}", 1))
    fields = row["fields"]
    return AvroSerializer(registry, Schema(json.dumps(whole), "AVRO", references), conf=conf), fields


def json_schema(registry, topic, file, conf):
    from confluent_kafka.schema_registry.json_schema import JSONSerializer
    fields = json.load(open(file, encoding="utf-8"))["fields"][0]["type"][1]["fields"]
    draft = "http://json-schema.org/draft-07/schema#"
    row = {"$schema": draft, "$id": "https://x/row.json", "type": ["object", "null"]}
    registry.register_schema(f"{topic}-row", Schema(json.dumps(row), "JSON"))
    whole = {"$schema": draft, "$id": "https://x/value.json", "type": "object",
             "properties": {"before": {"$ref": "row.json"}, "after": {"$ref": "row.json"}}}
    references = [SchemaReference("row.json", f"{topic}-row", 1)]
    return JSONSerializer(Schema(json.dumps(whole), "JSON", references), registry,
                          conf={"validate": False, **conf}), fields


def key_serializer(registry, conf):
    from confluent_kafka.schema_registry.avro import AvroSerializer
    return AvroSerializer(registry, json.dumps({"type": "record", "name": "Key", "fields": [{"name": "id", "type": "int"}]}),
                          conf=conf)


def write(kind, brokers, url, topic, file, where=None):
    registry = SchemaRegistryClient({"url": url})
    conf = {"schema.id.serializer": header_schema_id_serializer} if where == "headers" else {}
    value_of, fields = {"avro": avro, "json": json_schema}[kind](registry, topic, file, conf)
    key_of = key_serializer(registry, conf) if conf else lambda key, _: json.dumps(key, separators=(",", ":"))
    row = {field["name"]: None for field in fields}
    row |= {"id": 7, "customer_id": 2 ** 60, "status": "new", "d": 20290, "created": 1753092000123456,
            "u": "00000000-0000-0000-0000-000000000001", "arr": [1, None]}
    if kind == "avro":
        row["amount"] = decimal.Decimal("1234.56")
    origin = {"version": "3.3.1.Final", "connector": "postgresql", "name": "ac", "ts_ms": 1753092000123,
              "snapshot": "false", "db": "shop", "schema": "inventory", "table": "orders", "txId": 7, "lsn": 8}
    producer = Producer({"bootstrap.servers": brokers})
    for value in ({"before": None, "after": row, "source": origin, "op": "c", "ts_ms": 1},
                  {"before": row, "after": None, "source": origin, "op": "d", "ts_ms": 2}):
        headers = []
        producer.produce(topic, key=key_of({"id": 7}, SerializationContext(topic, MessageField.KEY, headers)),
                         value=value_of(value, SerializationContext(topic, MessageField.VALUE, headers)), headers=headers)
    if producer.flush(30):
        sys.exit("not all was delivered")


def raw(brokers, topic, value, *headers):
    producer = Producer({"bootstrap.servers": brokers})
    pairs = [header.partition("=") for header in headers]
    producer.produce(topic, value=bytes.fromhex(value), headers=[(name, bytes.fromhex(text)) for name, _, text in pairs])
    if producer.flush(30):
        sys.exit("not all was delivered")


if __name__ == "__main__":
    if sys.argv[1] == "raw":
        raw(*sys.argv[2:])
    else:
        write(*sys.argv[1:])
