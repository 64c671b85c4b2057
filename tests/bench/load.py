"""cdc-load into the embedded engine against JSONEachRow of the same rows, and the whole pipe.

The limit is what the engine takes at most: ready-made blocks (Native) of the same rows into the same table.
"""
import os
import subprocess

from harness import FEW_ROUNDS, FILL, ORDERS, ROOT, ROUNDS, Postgres, add_rates, median, pairs, say, servers, timed

ROWS = int(os.environ.get("CDC_BENCH_ROWS", "2000000"))


def change_lines(folder, env, ddl, fill):
    """Captured lines of the inserts of `fill`, and the same rows ready for JSONEachRow."""
    postgres = Postgres(env)
    source = env["CDC_TEST_POSTGRES_URL"]
    postgres.sql(ddl)
    subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                    "--create", "--exit-after-create"], env=env, check=True, stderr=subprocess.DEVNULL)
    postgres.sql(fill)
    postgres.sql("CHECKPOINT") # flushes what was committed asynchronously
    lines = folder / "lines"
    with lines.open("wb") as out:
        subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                        "--peek", "--exit-at-end"], env=env, check=True, stdout=out,
                       stderr=subprocess.DEVNULL)
    ready = folder / "rows"
    with lines.open("rb") as source_lines, ready.open("wb") as out:
        for line in source_lines:
            if not line.startswith(b'{"key"'):
                continue
            start = line.index(b'"after":{') + 8
            end = line.index(b'},"source":', start)
            at = line.index(b'"order":"') + 9
            version = int(line[at:at + 32], 16)
            out.write(line[start:end] + b',"_version":%d,"_deleted":0,"_source_ts_ms":0}\n' % version)
    return lines, ready


def load_runs(bin_folder, table, ddl, fill):
    """(ours, peer, limit) runs of the same rows into the same table of the embedded engine.

    Nothing is removed between them: for five seconds ext4 passes over each inode that was freed when it
    makes a new one, which is a fifth of all CPU where thousands of files just went.
    """
    with servers(bin_folder, "postgres") as (folder, env):
        lines, ready = change_lines(folder, env, ddl, fill)
        chdb = ROOT / "scripts" / "chdb.py"
        subprocess.run(f"head -n 100 {lines} | cdc-load --target chdb:{folder}/shape", shell=True,
                       env=env, check=True, stderr=subprocess.DEVNULL)
        target_ddl = subprocess.run([chdb, folder / "shape", f"SHOW CREATE TABLE {table}_raw FORMAT TSVRaw"],
                             env=env, check=True, capture_output=True, text=True).stdout
        counts = set()

        def count(target):
            counts.add(subprocess.run([chdb, target, f"SELECT count(), sum(id) FROM {table}_raw FINAL"],
                                      env=env, check=True, capture_output=True, text=True).stdout)

        def ours(number):
            target = folder / f"ours_{number}"
            # The peer's table is made before, too.
            subprocess.run(f"sed '/^{{\"key\"/,$d' {lines} | cdc-load --target chdb:{target}", shell=True, env=env,
                           check=True, stderr=subprocess.DEVNULL)
            run = timed(f"cat {lines} | cdc-load --target chdb:{target}", env)
            count(target)
            return run

        def insert(target, file, form):
            """Not by descriptor 0, which the engine reads by itself beside any INSERT."""
            subprocess.run([chdb, "--create", target, target_ddl], env=env, check=True)
            run = timed(f"{chdb} {target} \"INSERT INTO {table}_raw FROM INFILE '/dev/fd/9' "
                        f"COMPRESSION 'none' FORMAT {form}\" 9< <(cat {file}) </dev/null", env)
            count(target)
            return run

        def peer(number):
            target = folder / f"peer_{number}"
            run = insert(target, ready, "JSONEachRow")
            if not blocks.exists():
                with blocks.open("wb") as out:
                    subprocess.run([chdb, target, f"SELECT * FROM {table}_raw FORMAT Native"], env=env, check=True, stdout=out)
            return run

        blocks = folder / "blocks"
        os.sync() # what was written so far takes no time of the first rounds
        mine, other = pairs(ours, peer, ROUNDS)
        limit = []
        for number in range(len(mine)):
            limit.append(insert(folder / f"limit_{number}", blocks, "Native"))
        if len(counts) != 1:
            raise SystemExit(f"not the same rows on all sides: {counts}")
        return mine, other, limit


def add_load(results, work, rows, mine, other, limit):
    add_rates(results, work, rows, mine, other, "JSONEachRow by pipe", ">=1.2")
    add_rates(results, f"{work}-of-limit", rows, mine, limit, "Native blocks by pipe")
    results.add(f"memory-{work}", max(r.rss_mb for r in mine), "MB")


def load_chdb(bin_folder, results):
    say(f"load-chdb: {ROWS} change lines into the embedded engine")
    add_load(results, "load-chdb", ROWS, *load_runs(bin_folder, "orders", ORDERS, FILL.format(rows=ROWS)))


def pipe(bin_folder, results):
    """The whole pipe while the source is written to: seconds from commit to visible, at most."""
    say("pipe: capture | load, one transaction, from commit to the last row loaded")
    rows = ROWS // 2
    with servers(bin_folder, "postgres") as (folder, env):
        postgres = Postgres(env)
        source = env["CDC_TEST_POSTGRES_URL"]
        postgres.sql(ORDERS)
        subprocess.run(["cdc-capture", "--source", source, "--slot", "bench", "--prefix", "bench",
                        "--create", "--exit-after-create"], env=env, check=True,
                       stderr=subprocess.DEVNULL)
        postgres.sql(FILL.format(rows=rows))
        postgres.sql("CHECKPOINT")
        walls = []
        results.rounds = FEW_ROUNDS
        for number in range(results.rounds):
            postgres.sql(f"SELECT pg_copy_logical_replication_slot('bench', 'run_{number}')")
            run = timed(f"cdc-capture --source '{source}' --slot run_{number} --publication bench "
                        f"--prefix bench --checkpoint {folder}/state_{number} --exit-at-end | "
                        f"cdc-load --target chdb:{folder}/target_{number} "
                        f"--checkpoint {folder}/state_{number}", env)
            postgres.sql(f"SELECT pg_drop_replication_slot('run_{number}')")
            walls.append(run.wall)
    results.add("pipe-postgres-chdb", rows / median(walls), "rows/s")


WORKS = {"load-chdb": load_chdb, "pipe-postgres-chdb": pipe}
