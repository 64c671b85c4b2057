"""The works of the other files on a table of 60 columns of mixed types, some of them NULL.

The ready-made rows keep bytea in base64, which spares the peer of wide-load its decoding.
CDC_BENCH_WIDE_ROWS: 600000.
"""
import os
import subprocess

from capture import capture_pair
from harness import ROOT, ROUNDS, Postgres, add_rates, pairs, say, servers, timed
from load import add_load, load_runs

ROWS = int(os.environ.get("CDC_BENCH_WIDE_ROWS", "600000"))

# (how many columns, type, value of row g and column number c)
KINDS = [
    (8, "integer", "(g * ({c} + 7)) % 2000000 - 1000000"),
    (4, "bigint", "g::bigint * 4000000007 + {c}"),
    (3, "smallint", "(g + {c}) % 30000"),
    (8, "numeric(12,2)", "round(((g * ({c} + 3)) % 1000000) * 0.37, 2)"),
    (2, "numeric(24,8)", "g * 12345.678901 + {c}"),
    (4, "boolean", "(g + {c}) % 3 = 0"),
    (3, "double precision", "g / ({c} + 1.5)::float8"),
    (1, "real", "(g / 7.0)::real"),
    (5, "text", "'status ' || (g + {c}) % 9"),
    (5, "varchar(40)", "'note ' || {c} || ' of row ' || g"),
    (2, "text", "repeat('longer text \"quoted\" ', 1 + (g + {c}) % 8)"),
    (4, "timestamptz", "'2025-07-21 10:00:00.123456+00'::timestamptz + (g % 100000 + {c}) * interval '1.5 s'"),
    (2, "timestamp", "'2024-02-29 23:59:59'::timestamp - (g % 100000) * interval '61 s'"),
    (2, "date", "'2020-01-01'::date + (g + {c}) % 3000"),
    (2, "uuid", "md5(g || '-' || {c})::uuid"),
    (2, "jsonb", "jsonb_build_object('row', g, 'tags', jsonb_build_array('a', g % 5))"),
    (1, "bytea", "decode(md5(g::text), 'hex')"),
    (1, "integer[]", "ARRAY[g % 10, NULL, {c}]"),
]


def columns():
    number = 0
    for count, kind, value in KINDS:
        for _ in range(count):
            number += 1
            yield f"c{number}", kind, value.format(c=number)


def fill_sql(rows):
    """Every fifth column is NULL in every fourth row."""
    names, values = [], []
    for number, (name, kind, value) in enumerate(columns()):
        names.append(name)
        value = f"({value})::{kind}"
        values.append(f"CASE WHEN g % 4 <> 0 THEN {value} END" if number % 5 == 4 else value)
    return (f"INSERT INTO wide (id, {', '.join(names)}) SELECT g, {', '.join(values)} "
            f"FROM generate_series(1, {rows}) g")


DDL = f"CREATE TABLE wide (id bigint PRIMARY KEY, {', '.join(f'{n} {k}' for n, k, _ in columns())})"


def wide(bin_folder, results):
    count = 1 + sum(1 for _ in columns())
    say(f"wide-capture: one transaction of {ROWS} inserts of {count} columns")
    mine, other = capture_pair(bin_folder, DDL, lambda pg, env: pg.sql(fill_sql(ROWS)))
    add_rates(results, "wide-capture", ROWS, mine, other, "pg_recvlogical", ">=0.95")
    results.add("memory-wide-cdc-capture", max(r.rss_mb for r in mine), "MB", target="<=64")

    say(f"wide-load: {ROWS} change lines into the embedded engine")
    add_load(results, "wide-load", ROWS, *load_runs(bin_folder, "wide", DDL, fill_sql(ROWS)))
    read_and_verify(results, bin_folder)


def read_and_verify(results, bin_folder):
    with servers(bin_folder, "postgres") as (folder, env):
        postgres = Postgres(env)
        env["CDC_SOURCE"], env["CDC_TARGET"] = env["CDC_TEST_POSTGRES_URL"], f"chdb:{folder}/target"
        postgres.sql(DDL, fill_sql(ROWS), "VACUUM ANALYZE wide", "CHECKPOINT")
        say(f"wide-snapshot: the same {ROWS} rows")
        mine, other = pairs(lambda _: timed("exec cdc-snapshot --tables public.wide --jobs 1", env),
                            lambda _: timed("exec psql -X -q \"$CDC_SOURCE\" -c 'COPY wide TO STDOUT'", env), ROUNDS)
        add_rates(results, "wide-snapshot", ROWS, mine, other, "psql COPY", ">=0.9")

        say(f"wide-verify: {ROWS} equal rows")
        subprocess.run("cdc-snapshot --tables public.wide | cdc-load", shell=True, env=env, check=True,
                       stderr=subprocess.DEVNULL)
        subprocess.run([ROOT / "scripts" / "chdb.py", folder / "target", "OPTIMIZE TABLE wide_raw FINAL"], env=env,
                       check=True)
        ours = "exec cdc-verify --tables public.wide --no-wait"
        md5 = "exec psql -X -q -At -d \"$CDC_SOURCE\" -c 'SELECT sum(hashtext(md5(t::text))) FROM wide t'"
        for warm in (ours, md5):
            timed(warm, env)
        mine, other = pairs(lambda _: timed(ours, env), lambda _: timed(md5, env), ROUNDS)
        add_rates(results, "wide-verify", ROWS, mine, other, "md5 of every row", ">=1.2")


WORKS = {"wide": wide}
