"""What every benchmark shares: private servers, timed commands in pairs, the table of results."""
import atexit
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("CDC_BENCH_ROUNDS", "5"))
FEW_ROUNDS = min(ROUNDS, 3) # where there is no target, or the peer takes minutes
ENOUGH_S = 60 # spent on rounds: no more follow, where there were that few


def say(text):
    print(f"--- {text}", file=sys.stderr, flush=True)


class Run:
    """One finished command: wall seconds, CPU seconds and the largest RSS of its processes (MB)."""

    def __init__(self, wall, cpu, rss_mb):
        self.wall, self.cpu, self.rss_mb = wall, cpu, rss_mb


def timed(command, env=None, stdin=None):
    """Runs a shell line to its end. CPU is the sum over all its processes, RSS the largest one's."""
    meter = [sys.executable, "-c", """
import os, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(["bash", "-o", "pipefail", "-c", sys.argv[1]]).returncode
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"METER {wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024} {code}", file=sys.stderr)
""", command]
    done = subprocess.run(meter, env=env, stdin=stdin, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    text, _, figures = done.stderr.rpartition("METER ")
    wall, cpu, rss, code = figures.split()
    if int(code) != 0:
        raise SystemExit(f"failed ({code}): {command}\n{text}")
    return Run(float(wall), float(cpu), float(rss))


def metered(command, path):
    """The shell text of one stage of a pipe whose largest RSS (MB) is written to a file."""
    script = ("import resource, shlex, subprocess, sys; code = subprocess.call(shlex.split(sys.argv[1])); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, "
              "file=open(sys.argv[2], 'w')); sys.exit(code)")
    return shlex.join([sys.executable, "-c", script, command, str(path)])


def pairs(ours, peers, rounds):
    """Both in turn, so that drift of the machine meets both. Each is a function that gives a Run."""
    mine, other = [], []
    start = time.monotonic()
    for number in range(rounds):
        if number >= FEW_ROUNDS and time.monotonic() - start > ENOUGH_S:
            break
        mine.append(ours(number))
        other.append(peers(number))
        say(f"round {number + 1}: ours {mine[-1].wall:.2f} s, peer {other[-1].wall:.2f} s")
    return mine, other


def median(values):
    return statistics.median(values)


def add_rates(results, work, rows, mine, other, peer, target=None, unit="rows/s"):
    """Both medians as rates of `rows`, by the clock and by the CPU of the client, and their ratios."""
    results.rounds = len(mine)
    for name, spent, rates_unit, aim in ((work, "wall", unit, target), (f"core-{work}", "cpu", unit.replace("/s", "/CPU s"), None)):
        rate, peer_rate = (rows / median(getattr(run, spent) for run in runs) for runs in (mine, other))
        results.add(name, rate, rates_unit, peer, peer_rate, rate / peer_rate, aim)


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) / 2**20
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return (f"{os.cpu_count()} processors ({cpu.group(1) if cpu else os.uname().machine}), {memory:.0f} GiB of memory, "
            f"{system.group(1)}, Linux {os.uname().release}; tools, peers and all servers on it together")


class Results:
    """Rows {"work","value","unit","peer","peer_value","ratio","target"}, kept in one file."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.rows = []
        self.rounds = ROUNDS  # of what is added next

    def add(self, work, value, unit, peer=None, peer_value=None, ratio=None, target=None):
        self.rows.append({"work": work, "value": round(value, 4), "unit": unit, "peer": peer,
                          "peer_value": None if peer_value is None else round(peer_value, 4),
                          "ratio": None if ratio is None else round(ratio, 3), "target": target,
                          "taken": time.strftime("%Y-%m-%d", time.gmtime()), "rounds": self.rounds, "machine": machine()})

    def kept(self):
        return json.loads(self.path.read_text()) if self.path.exists() else []

    def save(self):
        """Replaces the rows of the works that ran, keeps the others."""
        fresh = {row["work"] for row in self.rows}
        rows = [row for row in self.kept() if row["work"] not in fresh] + self.rows
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(rows, indent=1) + "\n")

    def print(self):
        print(f"{'work':28} {'value':>12} {'unit':10} {'peer':>12} {'ratio':>7}  target")
        for row in self.rows:
            peer = "" if row["peer_value"] is None else f"{row['peer_value']:.6g}"
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
            verdict = "  SHORT" if is_short(row) else ""
            print(f"{row['work']:28} {row['value']:12.6g} {row['unit']:10} {peer:>12} {ratio:>7}  "
                  f"{row['target'] or ''}{verdict}")


def is_short(row):
    """Whether the row misses its target: the ratio's where there is a peer, else the value's."""
    if not row["target"]:
        return False
    value = row["ratio"] if row["ratio"] is not None else row["value"]
    bound = float(row["target"][2:])
    return value < bound if row["target"].startswith(">=") else value > bound


class Postgres:
    """A private PostgreSQL with durable commits off, so that filling it does not take the day."""

    def __init__(self, env):
        self.env = env
        self.url = env["CDC_TEST_POSTGRES_URL"]

    def socket_url(self):
        """By the server's socket, as on its own machine."""
        _, _, address = self.url.partition("://")
        user, _, rest = address.rpartition("@")
        port, _, database = rest.rpartition(":")[2].partition("/")
        folder = pathlib.Path(self.env["CDC_SERVICES_DIR"]) / "postgres" / "socket"
        return f"postgresql:///{database}?host={folder}&port={port}&user={user}"

    def sql(self, *texts):
        words = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.url]
        for text in texts:
            words += ["-c", text]
        return subprocess.run(words, env=self.env, check=True, capture_output=True,
                              text=True).stdout.strip()


class Mysql:
    """A private MySQL, and a database in it."""

    def __init__(self, env, service="mysql"):
        self.env = env
        server = env[f"CDC_TEST_{service.upper()}_URL"]
        port = server.rsplit(":", 1)[1]
        client = f"mariadb --no-defaults -h127.0.0.1 -P{port} -uroot -NB"
        subprocess.run([*client.split(), "-e", "CREATE DATABASE bench"], env=env, check=True)
        self.client = f"{client} bench" # of a shell line
        self.url = f"{server}/bench"

    def sql(self, *texts):
        return subprocess.run(self.client.split(), env=self.env, check=True, capture_output=True, text=True,
                              input=";\n".join(texts)).stdout.strip()


@contextlib.contextmanager
def servers(bin_folder, *names, conf="synchronous_commit=off\nmax_wal_size=8GB\nautovacuum=off", kafka_conf=""):
    """A folder and an environment with private servers in it, which end afterwards."""
    if shutil.disk_usage(tempfile.gettempdir()).free < ROOM:
        remove_folders()
    folder = tempfile.mkdtemp(prefix="cdc-bench-")
    FOLDERS.append(folder)
    os.chmod(folder, 0o755)
    env = dict(os.environ, CDC_SERVICES_DIR=f"{folder}/services", CDC_PG_CONF=conf, CDC_KAFKA_CONF=kafka_conf,
               PATH=f"{bin_folder}:/usr/lib/postgresql/15/bin:{os.environ['PATH']}")
    script = ROOT / "scripts" / "services"
    try:
        if names:
            subprocess.run([script, "start", *names], env=env, check=True,
                           stdout=subprocess.DEVNULL)
            lines = subprocess.run([script, "env", *names], env=env, check=True,
                                   capture_output=True, text=True).stdout.splitlines()
            for line in lines:
                name, _, value = line.removeprefix("export ").partition("=")
                env[name] = "".join(shlex.split(value))
        yield pathlib.Path(folder), env
    finally:
        subprocess.run([script, "stop"], env=env, check=False, stdout=subprocess.DEVNULL)


# For minutes ext4 passes over each inode that was freed when it makes a new one (recently_deleted()):
# servers whose predecessors' folders are just gone would be slower than the first ones.
FOLDERS = []
ROOM = 25 << 30 # bytes of the disk, below which folders go between two works


@atexit.register
def remove_folders():
    for folder in FOLDERS:
        shutil.rmtree(folder, ignore_errors=True)
    FOLDERS.clear()


ORDERS = """CREATE TABLE orders (id bigserial PRIMARY KEY, customer int NOT NULL, product int NOT NULL,
    quantity int, price numeric(12,2), status text, note text, created_at timestamptz DEFAULT now())"""
FILL = """INSERT INTO orders (customer, product, quantity, price, status, note)
    SELECT 1 + g % 5000, 1 + g % 300, 1 + g % 9, round(((g % 100000) * 0.37)::numeric, 2),
           (ARRAY['new','paid','sent','done'])[1 + g % 4], 'note of order ' || g
    FROM generate_series(1, {rows}) g"""

MYSQL_ORDERS = """CREATE TABLE orders (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, customer int NOT NULL, product int NOT NULL,
    quantity int, price decimal(12,2), status varchar(10), note text, created_at datetime(6) DEFAULT NOW(6))"""
MYSQL_FILL = """SET SESSION cte_max_recursion_depth = 1000000000;
    INSERT INTO orders (customer, product, quantity, price, status, note)
    WITH RECURSIVE numbers (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM numbers WHERE g < {rows})
    SELECT 1 + g % 5000, 1 + g % 300, 1 + g % 9, ROUND((g % 100000) * 0.37, 2),
           ELT(1 + g % 4, 'new', 'paid', 'sent', 'done'), CONCAT('note of order ', g) FROM numbers"""
