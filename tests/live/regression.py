#!/usr/bin/env python3
"""PostgreSQL's own regression SQL through the live pipe, from an empty database.

The files of src/test/regress/sql run in the order of parallel_schedule, one after the other, as
pg_regress runs them, while cdc-capture | cdc-load reads the log beside them; what they expect to fail
fails. Then the pipe reads to the end, and every published table is compared with the target's: it is
the same, or marked stale or unproven, or one of REFUSED below. A stage that ends with 1 is started
again; 2 to 5 is a failure. To see the rest, the table that stopped it is excluded from then on, or its
line becomes a dead letter.

So that tables without a primary key can be updated, an event trigger gives each new one REPLICA
IDENTITY FULL; CDC_TEST_IDENTITY=none leaves them as they are. regress.so is not built: functions that
need it are missing. The sources come from apt's mirror, into the cache folder.

CDC_TEST_ONLY="boolean inherit": only these files, after test_setup. CDC_TEST_END_SECONDS: how long the
pipe may take to the end behind the last file. tests/cases/postgres has the shortest SQL of what differed.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bed as beds
import parity
from bed import ROOT, say

sys.path.insert(0, str(ROOT / "scripts"))
import chdb # pylint: disable=wrong-import-position

DATABASE, SLOT = "regression", "regression"
FILE_SECONDS = 120
END_SECONDS = int(os.environ.get("CDC_TEST_END_SECONDS", "1500"))
RESTARTS = 20
CONF = """fsync = off
autovacuum = on
max_prepared_transactions = 2
max_wal_senders = 10
"""
# Tables that the tools refuse, by their documentation: name and why. Each is said in the summary.
REFUSED = {
    "public.domnotnull": "a table without columns is left out: DROP DOMAIN … CASCADE took them",
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Without an EXCEPTION block: a subtransaction would make each table look altered after it was made.
IDENTITY = """
CREATE SCHEMA cdc_test;
CREATE FUNCTION cdc_test.identity() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE made oid;
BEGIN
    FOR made IN
        SELECT DISTINCT c.oid FROM pg_event_trigger_ddl_commands() e JOIN pg_class c ON c.oid = e.objid
        WHERE e.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
          AND c.relreplident = 'd'
          AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
    LOOP
        EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', made::regclass);
    END LOOP;
END $$;
CREATE EVENT TRIGGER cdc_test_identity ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') EXECUTE FUNCTION cdc_test.identity();
"""
# The tables of the publication as they are now: a root stands for its partitions.
TABLES = f"""COPY (
    SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_publication_tables p
    JOIN pg_namespace n ON n.nspname = p.schemaname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
    WHERE p.pubname = '{SLOT}' ORDER BY 2, 3) TO STDOUT"""
COLUMNS = """COPY (
    WITH RECURSIVE r AS (
        SELECT attname, attnum, atttypid AS type, atttypmod AS modifier, attgenerated AS made FROM pg_attribute
        WHERE attrelid = {} AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT attname, attnum, typbasetype, typtypmod, made FROM r JOIN pg_type t ON t.oid = r.type
        WHERE typtype = 'd')
    SELECT attname, regexp_replace(format_type(type, NULL), '\\(.*?\\)', ''), made, modifier
    FROM r JOIN pg_type t ON t.oid = r.type WHERE typtype <> 'd' ORDER BY attnum) TO STDOUT"""


# ---------------------------------------------------------------- the sources of the server
def run(words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **more)


def sources():
    """The folder with sql/, data/ and parallel_schedule; fetched once."""
    cache = os.environ.get("CDC_CACHE_DIR")
    if not cache:
        cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "cdc-toolkit")
    home = pathlib.Path(cache) / "postgresql-15-regress"
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch.", dir=home.parent) as work:
            fetch(pathlib.Path(work))
            (pathlib.Path(work) / "regress").rename(home)
    return home


def fetch(work):
    """By apt, from the mirror it already uses, with lists and cache of its own."""
    say("fetching the sources of postgresql-15")
    for name in ("lists/partial", "cache/archives/partial", "regress"):
        (work / name).mkdir(parents=True)
    targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)",
                   "Created-By: Packages"]).stdout.splitlines()
    lines = {f"deb-src [signed-by={KEYRING}] {target}\n" for target in targets if "/debian" in target.split()[0]}
    (work / "sources.list").write_text("".join(sorted(lines)))
    options = ["-q"]
    for option in (f"Dir::Etc::sourcelist={work}/sources.list", "Dir::Etc::sourceparts=/dev/null",
                   f"Dir::State::lists={work}/lists", f"Dir::Cache={work}/cache", "APT::Sandbox::User=root",
                   "Debug::NoLocking=1"):
        options += ["-o", option]
    update = run(["apt-get", *options, "update"])
    shown = run(["apt-cache", *options, "showsrc", "postgresql-15"]).stdout
    versions = set(re.findall(r"^Version: (.*)", shown, re.M))
    # A mirror may name a version that it does not hold: then the one before.
    said = update.stderr
    for version in sorted(versions, key=lambda v: [int(n) for n in re.findall(r"\d+", v)], reverse=True):
        done = run(["apt-get", *options, "source", "--download-only", f"postgresql-15={version}"], cwd=work)
        archives = list(work.glob("*.orig.tar.*"))
        if done.returncode == 0 and archives:
            subprocess.run(["tar", "-xf", archives[0], "-C", work / "regress", "--strip-components=4", "--wildcards",
                            "*/src/test/regress/sql", "*/src/test/regress/data",
                            "*/src/test/regress/parallel_schedule"], check=True)
            return
        said += done.stderr
    raise RuntimeError(f"no sources of postgresql-15:\n{said}")


# ---------------------------------------------------------------- values
def without_bad(kind, modifier, value):
    """A value as the policies `null` leave it, where they may have decided it: dates that no column can
    hold, and what a numeric(p,s) cannot, are one with NULL and with the default of a column."""
    if isinstance(value, tuple):
        return tuple(without_bad(kind.removesuffix("[]"), modifier, item) for item in value)
    kind = kind.removesuffix("[]")
    if kind == "date" or kind.startswith("timestamp"):
        if value is None or value.endswith("infinity") or "BC" in value or value.startswith("1970-01-01"):
            return None
        year = int(value.split("-", 1)[0])
        return None if year < 1900 or year > 2299 else value
    if kind == "numeric" and modifier >= 0 and (value in (None, "nan", "infinity", "-infinity") or value == 0):
        return None
    return value


class Difference(Exception):
    pass


class Comparator:
    """The rows of both sides as multisets of plain values; parity.py says what values mean."""

    def __init__(self, source, folder):
        self.source = source
        self.connection = chdb.Connection(str(folder))
        rows = self.rows("SELECT scope, name, item, value FROM _cdc_state FINAL WHERE item IN "
                         "('source', 'stale', 'unproven') AND value != '' FORMAT TSV")
        self.views = {}
        self.marks = collections.defaultdict(list)
        for _, name, item, value in rows:
            if item == "source":
                told = json.loads(value)
                self.views[told["schema"], told["table"]] = name
            else:
                self.marks[name].append(f"{item}, {value}")

    def rows(self, text):
        return list(parity.rows_of(self.connection.query(text).data))

    def marks_of(self, schema, table):
        """Also of a table that no row came from: nothing was made for it."""
        return self.marks.get(self.view_of(schema, table) or f"{schema}__{table}", [])

    def view_of(self, schema, table):
        return self.views.get((schema, table))

    def compare(self, oid, schema, table, kind):
        """Number of rows; raises Difference."""
        quoted = ".".join('"' + name.replace('"', '""') + '"' for name in (schema, table))
        source = f"{'' if kind == 'p' else 'ONLY '}{quoted}"
        view = self.view_of(schema, table)
        if view is None:
            count = int(parity.psql(self.source, f"SELECT count(*) FROM {source}"))
            if count:
                raise Difference(f"{count} rows in the source, and no such table in the target")
            return 0
        named = "`" + view.replace("\\", "\\\\").replace("`", "\\`") + "`"
        types = {row[0]: row[1] for row in self.rows(f"DESCRIBE TABLE {named} FORMAT TSV")}
        columns = [row for row in parity.rows_of(parity.psql(self.source, COLUMNS.format(oid))) if not row[2]]
        count = int(parity.psql(self.source, f"SELECT count(*) FROM {source}"))
        if not columns:
            there = int(self.rows(f"SELECT count() FROM {named} FORMAT TSV")[0][0])
            if there != count:
                raise Difference(f"no columns, and {count} rows in the source, {there} in the target")
            return count
        if any(row[0] not in types for row in columns):
            # A table learns of its new columns with its next row.
            if count == 0:
                columns = [row for row in columns if row[0] in types]
            else:
                raise Difference(f"columns {[row[0] for row in columns]}, in the target {list(types)}")
        if not columns:
            return 0
        kinds = [(row[1], int(row[3])) for row in columns]
        left, right = [], []
        for name, shape, *_ in columns:
            here, there = '"' + name.replace('"', '""') + '"', "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
            there = f"v.{there}"
            left.append(f"encode({here}, 'hex')" if shape == "bytea" else here)
            right.append({"bytea": f"hex({there})", "bytea[]": f"arrayMap(x -> hex(x), {there})"}.get(shape, there))
        ours = parity.psql(self.source, f"COPY (SELECT {', '.join(left)} FROM {source}) TO STDOUT")
        theirs = self.connection.query(f"SELECT {', '.join(right)} FROM {named} AS v FORMAT TSV").data
        arrays = {place for place, row in enumerate(columns) if types[row[0]].startswith("Array")}
        texts = {place for place, row in enumerate(columns) if row[1].endswith("[]")} - arrays
        in_source = self.bag(parity.rows_of(ours), kinds)
        in_target = self.bag(parity.rows_of(theirs, arrays), kinds, texts)
        missing, extra = in_source - in_target, in_target - in_source
        if missing or extra:
            shown = [[str(v)[:40] for v in row] for bag in (missing, extra) for row in list(bag)[:2]]
            raise Difference(f"{missing.total()} rows only in the source, {extra.total()} only in the target, "
                             f"of {in_source.total()}: {shown}"[:900])
        return in_source.total()

    @staticmethod
    def bag(rows, kinds, texts=()):
        def value(place, cell):
            kind, modifier = kinds[place]
            plain = parity.of_json(kind, cell) if place in texts else parity.canonical(kind, cell)
            return without_bad(kind, modifier, plain)
        return collections.Counter(tuple(value(place, cell) for place, cell in enumerate(row)) for row in rows)


# ---------------------------------------------------------------- the pipe
class Pipe(beds.Bed):
    def __init__(self, work):
        self.checkpoint, self.folder = work / "state.json", work / "target"
        self.dead_letters = work / "dead-letters"
        self.excluded, self.failures, self.places = [], [], []
        self.stages, self.stderr = [], []
        self.number = self.ones = 0
        self.to_dead_letters = False
        os.environ["CDC_PG_CONF"] = CONF + os.environ.get("CDC_PG_CONF", "")
        super().__init__(work, services=("postgres",))
        self.server = self.source
        self.psql(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        for setting, value in (("lc_messages", "C"), ("lc_monetary", "C"), ("lc_numeric", "C"), ("lc_time", "C"),
                               ("bytea_output", "hex"), ("timezone_abbreviations", "Default")):
            self.psql(f"ALTER DATABASE {DATABASE} SET {setting} TO '{value}'")
        self.source = self.server.rsplit("/", 1)[0] + "/" + DATABASE
        if os.environ.get("CDC_TEST_IDENTITY") != "none":
            self.psql(IDENTITY)

    def start(self, *more):
        self.number += 1
        self.stderr = [self.work / f"{self.number}-{name}.err" for name in ("capture", "load")]
        letters = ["--on-error", "dead-letter", "--dead-letter", self.dead_letters] if self.to_dead_letters else []
        self.errors = self.stderr[0]
        capture = self.spawn(["cdc-capture", "--source", self.source, "--slot", SLOT, "--checkpoint", self.checkpoint,
                              "--drain", f"{END_SECONDS}s", *(f"--exclude={name}" for name in self.excluded), *more],
                             stdout=subprocess.PIPE)
        self.errors = self.stderr[1]
        load = self.spawn(["cdc-load", "--target", f"chdb:{self.folder}", "--checkpoint", self.checkpoint,
                           "--table-name", "{schema}__{table}", "--on-bad-date", "null", "--on-overflow", "null",
                           "--drain", f"{END_SECONDS}s", *letters], stdin=capture.stdout)
        capture.stdout.close()
        self.stages = [capture, load]

    def running(self):
        """Both stages; the other one is given time to notice in ended()."""
        capture, load = (stage.poll() is None for stage in self.stages)
        return load and (capture or self.stages[0].returncode == 0)

    def file_at(self, position):
        for name, end in self.places:
            if beds.lsn(position) < end:
                return name
        return "the end"

    def ended(self):
        """Whether both stages ended well; what they said otherwise, and what is needed to go on."""
        for stage in self.stages:
            try:
                stage.wait(60)
            except subprocess.TimeoutExpired:
                stage.kill()
                stage.wait()
        codes = [stage.returncode for stage in self.stages]
        if codes == [0, 0]:
            return True
        at = beds.acknowledged(self.checkpoint)["position"]
        # The loader first: where both failed, the source only lost its reader.
        words = [path.read_text(errors="replace") for path in self.stderr]
        who = 1 if codes[1] > 1 else 0
        lines = words[who].splitlines()
        errors = [line for line in lines if not re.match(r"cdc-\w+: (info|warning)", line)][-6:] or lines[-2:]
        say(f"the pipe ended with {codes} behind {at}, in '{self.file_at(at)}':\n" + "\n".join(errors))
        # Killed by us or by hand: as a stage that may be tried again.
        if all(code in (0, 1, -signal.SIGKILL, -signal.SIGTERM) for code in codes):
            self.ones += 1
            if self.ones > RESTARTS:
                raise RuntimeError("it ends with 1 again and again")
            return False
        self.failures.append(f"stopped with {codes} in '{self.file_at(at)}': {' '.join(errors)[-700:]}")
        if codes[who] == 5 and who == 1 and not self.to_dead_letters:
            self.to_dead_letters = True
            return False
        found = [pair for pair in re.findall(r'(?:table|of|on) [\'"]?([\w$]+)\.([\w$]+)', " ".join(errors))
                 if pair[0] not in ("pg_catalog",)]
        table = f'{found[-1][0]}.{found[-1][1]}' if found else None
        if table is None or table in self.excluded or len(self.excluded) > RESTARTS:
            raise RuntimeError("the pipe cannot go on:\n" + "\n".join(self.failures))
        self.excluded.append(table)
        return False

    def to_the_end(self):
        """Stop at the end of the log; as often as a stage has to be started again."""
        for stage in self.stages[:1]:
            if stage.poll() is None:
                stage.send_signal(signal.SIGINT)
        limit = time.monotonic() + END_SECONDS
        while True:
            while self.running():
                if time.monotonic() > limit:
                    raise RuntimeError(f"not at the end after {END_SECONDS} s; at "
                                       f"'{self.file_at(beds.acknowledged(self.checkpoint)['position'])}'")
                time.sleep(0.5)
            if self.ended() and "--exit-at-end" in self.stages[0].args:
                return
            self.start("--exit-at-end")

    # ------------------------------------------------------------ the files
    def files(self, home):
        order = re.findall(r"\S+", " ".join(re.findall(r"^test: (.*)", (home / "parallel_schedule").read_text(), re.M)))
        order += sorted(path.stem for path in (home / "sql").glob("*.sql") if path.stem not in order)
        only = os.environ.get("CDC_TEST_ONLY", "").split()
        return ["test_setup", *only] if only else order

    def sql_environment(self, folder):
        host, port = re.search(r"@([^:/]+):(\d+)/", self.server).groups()
        return dict(self.env, PGHOST=host, PGPORT=port, PGUSER="postgres", PGDATABASE=DATABASE, PGTZ="PST8PDT",
                    PGDATESTYLE="Postgres, MDY", PGOPTIONS="-c intervalstyle=postgres_verbose", LC_MESSAGES="C",
                    PG_ABS_SRCDIR=str(folder), PG_ABS_BUILDDIR=str(folder), PG_DLSUFFIX=".so",
                    PG_LIBDIR=run(["pg_config", "--pkglibdir"], env=self.env).stdout.strip()
                    or "/usr/lib/postgresql/15/lib")

    def run_files(self, home):
        folder = self.work / "regress"
        shutil.copytree(home, folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (folder / "results").mkdir()
        (folder / "results").chmod(0o777)
        environment = self.sql_environment(folder)
        names = self.files(folder)
        errors = 0
        for number, name in enumerate(names, 1):
            begun = time.monotonic()
            with open(folder / "sql" / f"{name}.sql", "rb") as sql, open(folder / f"{name}.out", "wb") as out:
                process = subprocess.Popen(["psql", "-X", "-a", "-q", "-v", "HIDE_TABLEAM=on",
                                            "-v", "HIDE_TOAST_COMPRESSION=on"], stdin=sql, stdout=out, stderr=out,
                                           cwd=folder, env=dict(environment, PGAPPNAME=f"pg_regress/{name}"))
                try:
                    process.wait(FILE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    say(f"{name}: ended after {FILE_SECONDS} s")
            self.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pg_regress/%'")
            errors += (folder / f"{name}.out").read_bytes().count(b"ERROR:  ")
            self.places.append((name, beds.lsn(self.psql("SELECT pg_current_wal_lsn()"))))
            if time.monotonic() - begun > 20 or number % 20 == 0:
                say(f"{number} of {len(names)}, {name} took {time.monotonic() - begun:.0f} s; the pipe is in "
                    f"'{self.file_at(beds.acknowledged(self.checkpoint)['position'])}'")
            if not self.running():
                self.ended()
                self.start()
        return len(names), errors

    def compare(self):
        comparator = Comparator(self.source, self.folder)
        counts, reasons, lines = collections.Counter(), collections.Counter(), []
        for oid, schema, table, kind in list(parity.rows_of(parity.psql(self.source, TABLES))):
            name = f"{schema}.{table}"
            counts["tables"] += 1
            why = None
            try:
                rows = comparator.compare(oid, schema, table, kind)
                counts["rows"] += rows
            except Difference as difference:
                why = str(difference)
            except Exception as error: # the comparator's own trouble is told, and the next table looked at
                why = f"not compared: {type(error).__name__} {error}"[:600]
            except SystemExit as error:
                why = f"not compared: {error}"[:600]
            marks = comparator.marks_of(schema, table)
            if why is None:
                counts["the same"] += 1
                counts["the same and marked"] += bool(marks)
                for mark in marks:
                    reasons[re.sub(r"'[^']*'", "'…'", mark)] += 1
            elif marks:
                counts["marked"] += 1
                lines.append(f"{name}: marked {'; '.join(marks)}: {why[:300]}")
            elif name in REFUSED or name in self.excluded:
                counts["refused"] += 1
                lines.append(f"{name}: refused, {REFUSED.get(name, 'excluded after a stop')}")
            else:
                counts["different"] += 1
                lines.append(f"{name}: {why}")
                self.failures.append(f"{name}: {why}")
        lines += [f"{count} are the same and marked: {mark}" for mark, count in reasons.most_common()]
        comparator.connection.close()
        return counts, lines


def regression(bed):
    home = sources()
    bed.start("--create", "--allow-no-identity")
    while bed.running() and bed.psql(f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{SLOT}' "
                                     "AND confirmed_flush_lsn IS NOT NULL") == "0":
        time.sleep(0.2)
    begun = time.monotonic()
    files, errors = bed.run_files(home)
    say(f"{files} files ran in {time.monotonic() - begun:.0f} s, {errors} statements failed")
    bed.to_the_end()
    say(f"the pipe is at the end after {time.monotonic() - begun:.0f} s")
    counts, lines = bed.compare()
    for line in lines:
        say(line)
    letters = bed.dead_letters.read_text(errors="replace").splitlines() if bed.dead_letters.exists() else []
    for letter in letters[:20]:
        say(f"dead letter: {letter[:600]}")
    say(f"regression: {files} files, {counts['tables']} tables, {counts['rows']} rows: {counts['the same']} the same "
        f"({counts['the same and marked']} of them marked), {counts['marked']} marked and different, "
        f"{counts['refused']} refused, {counts['different']} different; {bed.ones} restarts, "
        f"{len(letters)} dead letters, {len(bed.failures)} failures")
    if bed.failures:
        raise RuntimeError("\n".join(bed.failures))


if __name__ == "__main__":
    beds.main(Pipe, regression)
