"""The bed of the long live tests in Python: private servers, statements, checkpoint files, kills.

A test derives from Bed, and hands its class and its run to main(), which prints the seed, makes the
folder, and stops and removes everything, whatever happens.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CDC_TEST_BIN", ROOT / "build" / "bin"))
SOAK = bool(os.environ.get("CDC_TEST_SOAK"))
POSTGRES = "postgres" + os.environ.get("CDC_TEST_POSTGRES_VERSION", "")
SEED = int(os.environ.get("CDC_TEST_SEED", random.randrange(1 << 30)))


def say(text):
    print(f"--- {text}", flush=True)


def lsn(text):
    """A log position such as 0/16B3748 as a number."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def acknowledged(path):
    """The checkpoint that a file holds; position 0/0 where there is none yet."""
    try:
        return json.loads(path.read_text().splitlines()[-1])["checkpoint"]
    except (FileNotFoundError, IndexError):
        return {"position": "0/0", "order": "0" * 32}


class Bed:
    """Servers of scripts/services in a folder of their own, and the processes of a test.

    CDC_TEST_POSTGRES_VERSION=16, 17 or 18: another "postgres" than Debian's 15.
    """

    def __init__(self, work, services=("postgres", "clickhouse"), **environment):
        self.work = work
        self.errors = work / "pipe.err" # stderr of what spawn() starts
        self.processes = []
        self.env = dict(os.environ, CDC_SERVICES_DIR=str(work / "services"), PGCONNECT_TIMEOUT="5",
                        PATH=f"{BIN}:/usr/lib/postgresql/15/bin:{os.environ['PATH']}", **environment)
        try:
            self.services("start", *services)
            self.urls = self.read_urls(services)
        except RuntimeError:
            self.services("stop", "--purge")
            raise
        self.source = self.urls.get(f"CDC_TEST_{POSTGRES.upper()}_URL")
        self.target = self.urls.get("CDC_TEST_CLICKHOUSE_URL")

    def services(self, *words):
        words = [POSTGRES if word == "postgres" else word for word in words]
        done = subprocess.run([ROOT / "scripts" / "services", *words], env=self.env,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"services {words}: {done.stdout}{done.stderr}")
        return done.stdout

    def read_urls(self, services):
        lines = self.services("env", *services).splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
        return {name: value.strip("'\"") for name, value in pairs}

    def psql(self, text, check=True):
        """The statement's rows as text; with check=False nothing where the server is down."""
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.source,
                               "-c", text], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if check:
                raise RuntimeError(done.stderr)
            return None
        return done.stdout.strip()

    def clickhouse(self, text, target=None):
        parts = urllib.parse.urlsplit(target or self.target)
        query = urllib.parse.urlencode({"database": parts.path.strip("/") or "default"})
        with urllib.request.urlopen(f"http://{parts.hostname}:{parts.port}/?{query}", text.encode(),
                                    timeout=60) as answer:
            return answer.read().decode().strip()

    def spawn(self, words, stdin=None, stdout=None):
        """A tool of ours, or a program of the PATH; it is killed at the end if it still runs."""
        with open(self.errors, "ab") as errors:
            process = subprocess.Popen([str(word) for word in words], env=self.env, stdin=stdin,
                                       stdout=stdout or subprocess.DEVNULL, stderr=errors)
        self.processes.append(process)
        return process

    def tail(self):
        return self.errors.read_text(errors="replace")[-4000:] if self.errors.exists() else ""

    def kill_service(self, name):
        """SIGKILL, up to a second of nothing, and a start on the same port."""
        self.services("kill", name)
        time.sleep(random.uniform(0, 1))
        self.services("start", name)

    def parity(self, tables, target=None):
        done = subprocess.run([ROOT / "tests" / "live" / "parity.py", "--source", self.source,
                               "--target", target or self.target, *tables], env=self.env,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"source and target differ, {tables}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def orders_hold(self, lines, *options):
        """The order of each checkpoint in a kept file of lines against the changes around it."""
        done = subprocess.run([ROOT / "tests" / "live" / "order_check.py", *options, lines],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.services("stop", "--purge")


def main(kind, run):
    """Runs run(kind(folder)) and ends the program with the test's exit status."""
    random.seed(SEED)
    say(f"CDC_TEST_SEED={SEED}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # the servers are stopped then, too
    with tempfile.TemporaryDirectory(prefix="cdc-bed-") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755) # servers may run as another user
        bed = None
        try:
            bed = kind(work)
            run(bed)
        except Exception as error: # whatever it was, it is told and the servers are stopped
            print(f"FAILED: {error}\n{bed.tail() if bed else ''}", file=sys.stderr)
            sys.exit(1)
        finally:
            if bed:
                bed.stop()
    sys.exit(0)
