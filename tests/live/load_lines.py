"""Change lines for the live tests of cdc-load: made here, without a database."""
import json

POSITION = 0x1000


def text(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def order(position, index=0, epoch=1):
    return f"{epoch:04x}{position:016x}{index:012x}"


def source(table, position, index=0, snapshot=False):
    return {"version": "0.1.0", "connector": "postgresql", "name": "live", "ts_ms": 1763709000000,
            "snapshot": "true" if snapshot else "false", "db": "inventory", "schema": "inventory",
            "table": table, "order": order(position, index)}


def column(name, kind, nullable=True, key=0, **more):
    result = {"name": name, "type": kind, "nullable": nullable}
    if key:
        result["key"] = key
    return {**result, **more}


def table(name, columns, version, position=1):
    return text({"table": {"name": f"inventory.{name}", "version": version, "columns": columns},
                 "source": source(name, position), "ts_ms": 1})


def change(op, name, key, position, index=1, before=None, after=None, **more):
    unchanged = {"unchanged": more.pop("unchanged")} if "unchanged" in more else {}
    return text({"key": key, "before": before, "after": after, **unchanged, **more,
                 "source": source(name, position, index, op == "r"), "op": op, "ts_ms": 2})


def snapshot(status, name, position, whole=True):
    return text({"snapshot": {"status": status, "whole": whole},
                 "source": source(name, position, 0, True), "ts_ms": 1})


def checkpoint(position, **more):
    return text({"checkpoint": {"v": 1, "kind": "postgres", "server": "7312345678901234567",
                                "database": "inventory", "slot": "orders",
                                "position": f"0/{position:X}", "order": order(position),
                                "commit_ts_ms": 1763709000000, "snapshot": None, **more}, "ts_ms": 3})


def leaf(oid, storage=None, xmin="700", birth="700", **more):
    return {"oid": oid, "storage": oid if storage is None else storage, "xmin": xmin, "birth": birth,
            "kind": "r", "persistence": "p", "under": "", **more}


def facts(name, position, oid=7, xid="800", snapshot=False, **more):
    """A table of id, q and note, in a list since transaction 700. The stream's first look has xid 800."""
    columns = [{"number": i + 1, "name": n, "type": t, "type_id": k, "modifier": -1, "generated": "",
                "nullable": True} for i, (n, t, k) in enumerate([("id", "integer", 23), ("q", "integer", 23),
                                                                 ("note", "text", 25)])]
    document = {"oid": oid, "xid": xid, **({} if snapshot or xid == "800" else {"since": "800"}),
                "slot": "orders", "empty": False, "leaves": [leaf(oid)], "columns": columns, "types": [],
                "publication": {"oid": 99, "version": "600", "operations": "iudt", "entry": f"{oid}1:700",
                                "columns": "", "filter": ""}, "key": None, **more}
    return text({"facts": document, "source": source(name, position, 0, snapshot), "ts_ms": 1})


def mark(name, kind, why, position):
    return text({"mark": {"kind": kind, "why": why}, "source": source(name, position), "ts_ms": 1})


def truncate(name, position, xid):
    line = json.loads(change("t", name, None, position))
    line["source"]["txId"] = xid
    return text(line)


def of(oid, line):
    """A table line of the source's table `oid`."""
    document = json.loads(line)
    document["table"]["oid"] = oid
    return text(document)
