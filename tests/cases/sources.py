"""The databases that cases run on: a fresh database for each case, and what the tools need to be told of it."""
import os
import subprocess
import urllib.parse


class Failure(Exception):
    pass


def run_sql(words, sql):
    done = subprocess.run(words, input=sql, text=True, capture_output=True)
    if done.returncode:
        raise Failure(f"the case's own SQL failed: {done.stderr.strip()}")
    return done.stdout


class Postgres:
    def __init__(self, database):
        base, _, _ = os.environ["CDC_TEST_POSTGRES_URL"].partition("?")
        self.database, self.maintenance = database, base
        self.url = base.rsplit("/", 1)[0] + "/" + database
        self.snapshot = ["--slot", database, "--create"]
        self.fresh_snapshot = ["--publication", database]
        self.capture = ["--slot", database]
        self.first_capture = ["--create"]

    def sql(self, text, url=None):
        return run_sql(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", url or self.url], text)

    def create(self, options):
        self.sql(f"CREATE DATABASE {self.database} {' '.join(options)}", self.maintenance)

    def drop(self):
        for text in ("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                     f"WHERE database = '{self.database}' AND NOT active",
                     f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)"):
            subprocess.run(["psql", "-X", "-q", "-At", "-d", self.maintenance, "-c", text], capture_output=True)


class Mysql:
    """MySQL or MariaDB. Nothing is made on the server for a stream: its log is there anyway."""
    snapshot = fresh_snapshot = capture = first_capture = ()

    def __init__(self, database, name):
        parts = urllib.parse.urlsplit(os.environ[f"CDC_TEST_{name.upper()}_URL"])
        self.database, self.url = database, f"{parts.scheme}://{parts.netloc}/{database}"
        self.client = ["mariadb", "--no-defaults", "-h", parts.hostname, "-P", str(parts.port), "-u", "root", "-N", "-B",
                       "--default-character-set=utf8mb4"]

    def sql(self, text):
        return run_sql([*self.client, self.database], text)

    def create(self, options):
        run_sql(self.client, f"CREATE DATABASE {self.database} {' '.join(options)}")

    def drop(self):
        run_sql(self.client, f"DROP DATABASE IF EXISTS {self.database}")


def open_source(name, database):
    return Postgres(database) if name == "postgres" else Mysql(database, name)
