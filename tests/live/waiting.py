"""Where a tool may wait, for signals.py: servers that do not answer, a held folder, a PostgreSQL with locks.

A place has reached(process): the tool waits there.
"""
import http.server
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bed import BIN, ROOT

WORK = pathlib.Path(tempfile.mkdtemp(prefix="cdc-live-"))
WORK.chmod(0o755) # servers may run as another user


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Silent:
    """Accepts and never answers. `answers`: so many requests are answered as ClickHouse would."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.connections = []
        self.came = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            self.connections.append(self.socket.accept()[0])
            self.came.set()

    def reached(self, _process):
        return self.came.is_set()


class BlackHole:
    """A port that takes no connection and refuses none: its queue is full."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.port = self.socket.getsockname()[1]
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)
        time.sleep(0.3)
        self.before = self.attempts()

    def attempts(self):
        end = f":{self.port:04X}"
        with open("/proc/net/tcp") as table:
            return {line.split()[1] for line in table if line.split()[2].endswith(end) and line.split()[3] == "02"}

    def reached(self, _process):
        return bool(self.attempts() - self.before)


class Refused:
    """Nobody listens there, and nobody else will meanwhile."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.begun = time.monotonic()

    def reached(self, _process):
        return time.monotonic() - self.begun > 2


class Stuck(http.server.ThreadingHTTPServer):
    """ClickHouse's answers to a loader, until an INSERT into a table of rows, which stays without one."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), StuckHandler)
        self.port = self.server_address[1]
        self.came = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reached(self, _process):
        return self.came.is_set()


class StuckHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.set()
        time.sleep(600)

    def log_message(self, *_):
        pass


class Held:
    """A folder of the embedded engine that another process has open."""

    def __init__(self):
        self.folder = WORK / f"held-{id(self)}"
        script = ("import sys, time; sys.path.insert(0, sys.argv[1]); import chdb\n"
                  "held = chdb.Connection(sys.argv[2]); print('open', flush=True); time.sleep(600)")
        self.holder = subprocess.Popen([sys.executable, "-c", script, str(ROOT / "scripts"), str(self.folder)],
                                       stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "open\n":
            raise RuntimeError(f"'{self.folder}' cannot be opened")

    def reached(self, process):
        """It has loaded the engine, and tries."""
        with open(f"/proc/{process.pid}/maps") as maps:
            return "libchdb" in maps.read()

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Said:
    """The tool has said so on stderr, which the test reads."""

    def __init__(self, words, pattern):
        self.words, self.pattern = words, pattern

    def reached(self, _process):
        return any(self.words in path.read_text() for path in WORK.glob(self.pattern))


class After:
    def __init__(self, seconds):
        self.until = None
        self.seconds = seconds

    def reached(self, _process):
        self.until = self.until or time.monotonic() + self.seconds
        return time.monotonic() >= self.until


class InSlotCreation:
    """The session of the tool on the server waits for the end of a transaction that writes."""

    def __init__(self, source, statement):
        self.source, self.statement = source, statement

    def reached(self, _process):
        return self.source.asked("SELECT count(*) > 0 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND "
                                 f"wait_event_type = 'Lock' AND position($${self.statement}$$ IN query) > 0") == "t"


class Source:
    """A PostgreSQL with rows, a slot for each test, and a session that holds a lock."""

    def __init__(self):
        self.env = dict(os.environ, CDC_SERVICES_DIR=str(WORK / "services"))
        services = ROOT / "scripts" / "services"
        subprocess.run([services, "start", "postgres"], env=self.env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shown = subprocess.run([services, "env", "postgres"], env=self.env, check=True, capture_output=True, text=True).stdout
        self.url = shown.split("CDC_TEST_POSTGRES_URL=", 1)[1].split("\n")[0].strip("'\"")
        self.count = 0
        self.holders = []
        self.sql("CREATE TABLE t (id int PRIMARY KEY, note text)", "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i",
                 "CREATE TABLE held (id int PRIMARY KEY)", "INSERT INTO held VALUES (1)")

    def sql(self, *statements):
        for statement in statements:
            run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url)

    def hold(self, text):
        holder = subprocess.Popen(["psql", "-XAtq", self.url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        holder.stdin.write(text + "\n")
        holder.stdin.flush()
        self.holders.append(holder)

    def asked(self, question):
        return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", question, self.url)

    def name(self):
        self.count += 1
        return f"s{self.count}"

    def slot(self):
        """A new slot that begins before many changes."""
        name = self.name()
        run(BIN / "cdc-capture", "--source", self.url, "--slot", name, "--publication", name, "--tables", "public.t", "--create",
            "--exit-after-create")
        self.sql("UPDATE t SET note = repeat('y', 500)")
        return name

    def until(self, question, seconds=60):
        """The question is answered with true."""
        deadline = time.monotonic() + seconds
        while self.asked(question) != "t":
            if time.monotonic() > deadline:
                raise TimeoutError(question)
            time.sleep(0.1)

    def slots(self):
        return set(self.asked("SELECT slot_name FROM pg_replication_slots").split())

    def let_go(self):
        for holder in self.holders:
            holder.kill()
            holder.wait()
        self.holders = []

    def stop(self):
        self.let_go()
        subprocess.run([ROOT / "scripts" / "services", "stop", "--purge"], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
