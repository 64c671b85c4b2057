#!/usr/bin/env python3
"""Are the rows of PostgreSQL and of ClickHouse the same? Row by row, as multisets.

    parity.py --source postgresql://… --target http://… | chdb:DIR  TABLE[=VIEW]…

Shares no code with the tools: psql COPY on one side, TSV of the engine on the other, both turned
into plain Python values here. Prints the first differences; exit 0 same, 1 different.
"""
import argparse
import collections
import decimal
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request

SHOW = 10
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


def rows_of(data):
    for line in data.decode("utf-8").split("\n")[:-1]:
        yield [unescape(cell) for cell in line.split("\t")]


def psql(url, text):
    done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url,
                           "-c", "SET timezone = 'UTC'; SET bytea_output = hex; SET extra_float_digits = 3",
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


def canonical(kind, text):
    """One value of either side in one form, by its PostgreSQL type."""
    if text is None:
        return None
    if kind in ("numeric", "money"):
        return "NaN" if text.lower() == "nan" else decimal.Decimal(text).normalize() + 0
    if kind in ("real", "double precision"):
        return float({"Infinity": "inf", "-Infinity": "-inf"}.get(text, text)).hex()
    if kind == "boolean":
        return text in ("t", "true", "1")
    if kind.startswith("timestamp"):
        text = text.replace("T", " ").removesuffix("Z").removesuffix("+00")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text


def compare(source, target, table, view):
    schema, name = table.split(".", 1) if "." in table else ("public", table)
    columns = list(rows_of(psql(source, f"""COPY (
        SELECT attname, regexp_replace(format_type(atttypid, NULL), '\\(.*', '') FROM pg_attribute
        WHERE attrelid = '"{schema}"."{name}"'::regclass AND attnum > 0 AND NOT attisdropped
        ORDER BY attnum) TO STDOUT""")))
    if not columns:
        sys.exit(f"{table} has no columns")
    kinds = [kind for _, kind in columns]
    left = ", ".join(f'encode("{c}", \'hex\')' if k == "bytea" else f'"{c}"' for c, k in columns)
    right = ", ".join(f"lower(hex(`{c}`))" if k == "bytea" else f"`{c}`" for c, k in columns)
    # NULL stays NULL in hex() of a Nullable column.
    ours = psql(source, f'COPY (SELECT {left} FROM "{schema}"."{name}") TO STDOUT')
    theirs = clickhouse(target, f"SELECT {right} FROM `{view}` FORMAT TSV")

    def bag(data):
        return collections.Counter(tuple(map(canonical, kinds, row)) for row in rows_of(data))

    in_source, in_target = bag(ours), bag(theirs)
    missing, extra = in_source - in_target, in_target - in_source
    for what, rows in (("only in the source", missing), ("only in the target", extra)):
        for row, count in list(rows.items())[:SHOW]:
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


main()
