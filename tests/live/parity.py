#!/usr/bin/env python3
"""Are the rows of PostgreSQL and of ClickHouse the same? Row by row, as multisets.

    parity.py --source postgresql://… --target http://… | chdb:DIR  TABLE[=VIEW]…

Shares no code with the tools: psql COPY on one side, TSV of the engine on the other, both turned
into plain Python values here. Prints the first differences; exit 0 same, 1 different.
"""
import argparse
import collections
import decimal
import json
import pathlib
import struct
import subprocess
import sys
import urllib.parse
import urllib.request

SHOW = 10
DECIMALS = decimal.Context(prec=200000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}


def unescape(text):
    if text == "\\N":
        return None
    if "\\" not in text:
        return text
    out, chars = [], iter(text)
    for char in chars:
        if char == "\\":
            char = next(chars)
            char = ESCAPES.get(char, char)
        out.append(char)
    return "".join(out)


def rows_of(data, arrays=()):
    """Cells of the columns in `arrays` stay as they are: ClickHouse escapes inside them only."""
    for line in data.decode("utf-8").split("\n")[:-1]:
        yield [cell if place in arrays else unescape(cell)
               for place, cell in enumerate(line.split("\t"))]


def psql(url, text):
    done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url,
                           "-c", "SET timezone = 'UTC'; SET bytea_output = hex; SET extra_float_digits = 3; "
                           "SET search_path = pg_catalog",
                           "-c", text], capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"psql: {done.stderr.decode()}")
    return done.stdout


def clickhouse(target, text):
    if target.startswith("chdb:"):
        tool = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "chdb.py"
        done = subprocess.run([tool, target[5:], text], capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"chdb: {done.stderr.decode()}")
        return done.stdout
    parts = urllib.parse.urlsplit(target)
    address = f"{parts.scheme}://{parts.hostname}:{parts.port or 8123}/"
    query = urllib.parse.urlencode({"database": parts.path.strip("/") or "default"})
    request = urllib.request.Request(f"{address}?{query}", data=text.encode())
    request.add_header("X-ClickHouse-User", parts.username or "default")
    if parts.password:
        request.add_header("X-ClickHouse-Key", parts.password)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def array_of(kind, text, opening, closing):
    """An array's text of either side: {1,NULL,"a\\"b"} or [1,NULL,'a\\'b'], also nested ones."""
    delimiter = ";" if kind == "box" and opening == "{" else ","
    at = 0

    def take():
        nonlocal at
        if text[at] == opening:
            at += 1
            items = []
            while text[at] != closing:
                items.append(take())
                at += text[at] == delimiter
            at += 1
            return tuple(items)
        if text[at] in "\"'" and (opening == "[" or text[at] == '"'):
            quote, item = text[at], ""
            at += 1
            while text[at] != quote:
                escaped = text[at] == "\\"
                at += escaped
                item += ESCAPES.get(text[at], text[at]) if escaped and opening == "[" else text[at]
                at += 1
            at += 1
            return canonical(kind, item)
        start = at
        while text[at] not in (delimiter, closing):
            at += 1
        item = text[start:at]
        return None if item in ("NULL", "null") else canonical(kind, item)
    return take()


def of_json(kind, text):
    """An array that is stored as JSON."""
    def items(value):
        if isinstance(value, list):
            return tuple(map(items, value))
        if value is None:
            return None
        return canonical(kind[:-2], value if isinstance(value, str) else json.dumps(value))
    return () if text is None else items(json.loads(text))


def canonical(kind, text):
    """One value of either side in one form, by its PostgreSQL type."""
    if kind.endswith("[]"):
        if text is None:
            return () # ClickHouse has no NULL arrays
        if text.startswith("[") and "]={" in text:
            text = text[text.index("=") + 1:]
        return array_of(kind[:-2], text, *("{}" if text.startswith("{") else "[]"))
    if text is None:
        return None
    if kind == "bytea":
        return text.removeprefix("\\x").lower()
    if kind in ("numeric", "money"):
        text = text.replace("$", "").replace(",", "")
        if text.lower() in ("nan", "infinity", "-infinity"):
            return text.lower()
        return DECIMALS.plus(decimal.Decimal(text)).normalize(DECIMALS) + 0
    if kind in ("real", "double precision"):
        value = float({"Infinity": "inf", "-Infinity": "-inf"}.get(text, text))
        return (struct.pack("f", value) if kind == "real" else struct.pack("d", value)).hex()
    if kind == "boolean":
        return text in ("t", "true", "1")
    if kind.startswith("timestamp"):
        text = text.replace("T", " ").removesuffix("Z").removesuffix("+00")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text


def compare(source, target, table, view):
    schema, name = table.split(".", 1) if "." in table else ("public", table)
    columns = list(rows_of(psql(source, f"""COPY (
        WITH RECURSIVE r AS (
            SELECT attname, attnum, atttypid AS type FROM pg_attribute
            WHERE attrelid = '"{schema}"."{name}"'::regclass AND attnum > 0 AND NOT attisdropped
            UNION ALL
            SELECT attname, attnum, typbasetype FROM r JOIN pg_type t ON t.oid = r.type
            WHERE typtype = 'd')
        SELECT attname, regexp_replace(format_type(type, NULL), '\\(.*', '')
        FROM r JOIN pg_type t ON t.oid = r.type WHERE typtype <> 'd'
        ORDER BY attnum) TO STDOUT""")))
    if not columns:
        sys.exit(f"{table} has no columns")
    kinds = [kind for _, kind in columns]
    left = ", ".join(f'encode("{c}", \'hex\')' if k == "bytea" else f'"{c}"' for c, k in columns)
    hexed = {"bytea": "hex(`{}`)", "bytea[]": "arrayMap(x -> hex(x), `{}`)"}
    right = ", ".join(hexed.get(k, "`{}`").format(c) for c, k in columns)
    # NULL stays NULL in hex() of a Nullable column.
    ours = psql(source, f'COPY (SELECT {left} FROM "{schema}"."{name}") TO STDOUT')
    theirs = clickhouse(target, f"SELECT {right} FROM `{view}` FORMAT TSV")

    types = dict(row[:2] for row in rows_of(clickhouse(target, f"DESCRIBE TABLE `{view}` FORMAT TSV")))
    arrays = {place for place, (column, _) in enumerate(columns) if types[column].startswith("Array")}
    # A key, and an array declared with more dimensions, is JSON in a String.
    texts = {place for place, kind in enumerate(kinds) if kind.endswith("[]")} - arrays

    def bag(rows, json_places=()):
        return collections.Counter(
            tuple(of_json(kind, cell) if place in json_places else canonical(kind, cell)
                  for place, (kind, cell) in enumerate(zip(kinds, row))) for row in rows)

    in_source, in_target = bag(rows_of(ours)), bag(rows_of(theirs, arrays), texts)
    missing, extra = in_source - in_target, in_target - in_source
    for what, rows in (("only in the source", missing), ("only in the target", extra)):
        for row, count in list(rows.items())[:SHOW if len(columns) < 30 else 2]:
            shown = [str(v)[:60] for v in row]
            print(f"{table}: {what}, {count} x: {shown}")
    if missing or extra:
        print(f"{table}: {sum(missing.values())} rows only in the source, "
              f"{sum(extra.values())} only in the target")
    else:
        print(f"{table}: {sum(in_source.values())} rows are the same")
    return not missing and not extra


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("tables", nargs="+")
    options = parser.parse_args()
    same = True
    for item in options.tables:
        table, _, view = item.partition("=")
        same &= compare(options.source, options.target, table, view or table.split(".")[-1])
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
