#!/usr/bin/env python3
"""Writes a history as cdc-check keeps it: three days of two pipelines, one that was behind and had rows that differed
for two hours, one of which a pipe is down in the last two looks. The same each time.

    cron_history.py >check-history.ndjson
"""
import json
import math
import random

LOOKS, EVERY_S, END_S = 432, 600, 1784000000
LATE = range(200, 212)
ROWS_A_LOOK = {"inventory.customers": 2, "inventory.order_items": 300, "inventory.orders": 140, "inventory.products": 0}


def hop(kind, name, seconds=None, size=None, events=None, passed=None):
    return {"kind": kind, "name": name, "tool": "load" if kind == "stage" else None, "bytes": size, "events": events, "seconds": seconds, "passed": passed}


def table(name, rows, verdict="same", missing=0, stale=None):
    return {"table": name, "verdict": verdict, "source_rows": rows, "target_rows": rows - missing, "missing": missing, "extra": 0,
            "different": 0, "stale": stale}


def monitored(number, when_ms, state):
    day, late = 0.6 + 0.4 * math.sin(number / 144 * 2 * math.pi), number in LATE
    seconds = round((abs(random.gauss(1.2, 0.6)) + (60 * (number - LATE.start + 1) if late else 0)) * day, 2)
    state["bytes"] += int(1.8e8 * day * (0.05 if late else 1))
    state["events"] += int(72000 * day * (0.05 if late else 1))
    for name, rows in ROWS_A_LOOK.items():
        state[name] = state.get(name, 1000) + int(rows * day)
    differs = table("inventory.orders", state["inventory.orders"], "different", 311)
    untold = ["whether all rows are the same\n    inventory.orders: unknown"] if number % 97 == 0 else []
    return {"ts_ms": when_ms, "pipeline": "pg-monitored", "running": True, "verdict": "different" if late else "same", "seconds": 3.1,
            "hops": [hop("slot", "pg_monitored", seconds, int(seconds * 9e4), passed=state["bytes"]),
                     hop("checkpoint", "/var/lib/cdc-toolkit/pg-monitored/capture.json", seconds, int(seconds * 9e4), passed=state["bytes"]),
                     hop("stage", "127.0.0.1:9474", seconds, passed=state["events"]),
                     hop("group", "pg-monitored", seconds, events=int(seconds * 130), passed=state["events"])],
            "tables": [differs if late and name == "inventory.orders" else table(name, state[name]) for name in ROWS_A_LOOK],
            "found": [f"behind\n    slot 'pg_monitored': {seconds} s behind, more than 60 s", "rows differ\n    inventory.orders: 311 missing"]
            if late else [], "untold": untold}


def users(number, when_ms):
    down, rows = number >= LOOKS - 2, 100000 + number * 13
    status = ("not all of it runs\n    capture   running  since 2026-07-10 10:00:00\n"
              "    load      failed   cdc-load: error: <the target> refuses & says: Code: 497, not enough privileges")
    return {"ts_ms": when_ms, "pipeline": "mysql-users", "running": not down, "verdict": "different" if down else "same", "seconds": 2.0,
            "hops": [hop("log", "cdc@db:3306"), hop("checkpoint", "capture.json", round(random.random() * 3, 1), 5000, passed=10 ** 9 + number * 6 * 10 ** 6),
                     hop("group", "clickhouse-sink-group", round(random.random() * 2, 2), events=17, passed=number * 9000)],
            "tables": [table("shop.users", rows, "different", 3, "column country was renamed without change lines") if down else table("shop.users", rows)],
            "found": [status, "rows differ\n    shop.users: 3 missing"] if down else [], "untold": []}


random.seed(7)
counts = {"bytes": 5 * 10 ** 9, "events": 0}
for look in range(LOOKS):
    at_ms = (END_S - (LOOKS - 1 - look) * EVERY_S) * 1000
    print(json.dumps(monitored(look, at_ms, counts)))
    print(json.dumps(users(look, at_ms + 5000)))
