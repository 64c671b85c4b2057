"""cdc-snapshot against psql's COPY of the same table in text format, and of MySQL against `mysql --quick`, all to /dev/null."""
import os

from harness import FEW_ROUNDS, FILL, MYSQL_FILL, MYSQL_ORDERS, ORDERS, ROUNDS, Mysql, Postgres, add_rates, pairs, say, servers, timed

ROWS = int(os.environ.get("CDC_BENCH_SNAPSHOT_ROWS", "5000000"))


def snapshot_postgres(bin_folder, results):
    with servers(bin_folder, "postgres") as (_, env):
        postgres = Postgres(env)
        source = env["CDC_TEST_POSTGRES_URL"]
        say(f"snapshot-postgres: a table of {ROWS} rows")
        postgres.sql(ORDERS, FILL.format(rows=ROWS), "VACUUM ANALYZE orders", "CHECKPOINT")

        def peer(_):
            return timed(f"exec psql -X -q '{source}' -c 'COPY orders TO STDOUT'", env)

        # One connection first: what several gain needs as many processors.
        for jobs, name, target, rounds in ((1, "snapshot-postgres", ">=0.9", ROUNDS), (2, "snapshot-postgres-2", None, FEW_ROUNDS)):
            def ours(_, jobs=jobs):
                return timed(f"exec cdc-snapshot --source '{source}' --tables public.orders --jobs {jobs}", env)

            mine, other = pairs(ours, peer, rounds)
            add_rates(results, name, ROWS, mine, other, "psql COPY", target)
            results.add(f"memory-cdc-{name}", max(r.rss_mb for r in mine), "MB")

        say("snapshot-postgres-key: the same by key")

        def by_key(_):
            return timed(f"exec cdc-snapshot --source '{source}' --tables public.orders --jobs 1 --chunk-by key", env)

        mine, other = pairs(by_key, peer, FEW_ROUNDS)
        add_rates(results, "snapshot-postgres-key", ROWS, mine, other, "psql COPY")


def snapshot_mysql(bin_folder, results):
    with servers(bin_folder, "mysql") as (_, env):
        mysql = Mysql(env)
        say(f"snapshot-mysql: a table of {ROWS} rows")
        mysql.sql(MYSQL_ORDERS, MYSQL_FILL.format(rows=ROWS), "ANALYZE TABLE orders")

        def peer(_):
            return timed(f"exec {mysql.client} --quick -e 'SELECT * FROM orders'", env)

        for jobs, name, target, rounds in ((1, "snapshot-mysql", ">=0.6", ROUNDS), (2, "snapshot-mysql-2", None, FEW_ROUNDS)):
            def ours(_, jobs=jobs):
                return timed(f"exec cdc-snapshot --source '{mysql.url}' --jobs {jobs}", env)

            for warm in (ours, peer):
                warm(0)
            mine, other = pairs(ours, peer, rounds)
            add_rates(results, name, ROWS, mine, other, "mysql --quick", target)
            results.add(f"memory-cdc-{name}", max(r.rss_mb for r in mine), "MB")


WORKS = {"snapshot-postgres": snapshot_postgres, "snapshot-mysql": snapshot_mysql}
