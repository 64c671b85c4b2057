#!/usr/bin/env python3
"""Every wait looks at signals: each tool, each waiting place, one and two signals.

The first signal ends a tool within --drain, the second at once, with the status that its man page
says. Servers that accept and never answer, ports that drop what comes, locks, full pipes and empty
ones stand for what a tool may wait for.
"""
import concurrent.futures
import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bed import BIN, say
from waiting import WORK, After, BlackHole, Held, InSlotCreation, Refused, Silent, Source, Stuck, run

DRAIN_S = 2
SOON_S = 5       # a busy machine's "at once"
PARTS = ["descriptors", "unreached", "connecting", "working"] # or those that the command line names
BY_WATCH = "did not end in time"
CHANGE = ('{"table":{"name":"public.t","version":"0123456789abcdef","columns":[{"name":"id","type":"integer",'
          '"type_id":23,"nullable":false,"key":1}]},"source":{"db":"d","schema":"public","table":"t",'
          '"order":"00010000000000000064000000000001"},"ts_ms":1}\n')


class Case:
    """`place` has reached(): the tool waits there. `stdin`: "open" (a pipe without end), "empty";
    `stdout`: "full" (a pipe that takes nothing), "null"."""

    def __init__(self, name, place, status, *command, lines="", stdin="open", stdout="null", stderr="file", first_s=SOON_S,
                 status_of_two=None, watched=False):
        self.name, self.place, self.status, self.command = name, place, status, command
        self.lines, self.stdin, self.stdout, self.stderr = lines, stdin, stdout, stderr
        self.first_s, self.watched = first_s, watched
        self.status_of_two = status if status_of_two is None else status_of_two


def full_pipe():
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        pass
    fcntl.fcntl(write, fcntl.F_SETFL, 0)
    return read, write


def perform(make, signals):
    case = make()
    name = f"{case.name}, {signals} signal{'s' if signals > 1 else ''}"
    log = WORK / (name.replace(" ", "_").replace("/", "_").replace(",", "") + ".err")
    ends = []
    streams = {}
    if case.stdin == "open":
        read, write = os.pipe()
        os.write(write, case.lines.encode())
        ends += [read, write]
        streams["stdin"] = read
    for stream, kind in (("stdout", case.stdout), ("stderr", case.stderr)):
        if kind == "full":
            read, write = full_pipe()
            ends += [read, write]
            streams[stream] = write
    with open(log, "w") as err:
        process = subprocess.Popen([str(BIN / case.command[0]), *case.command[1:]], cwd=WORK,
                                   **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": err, **streams})
    try:
        deadline = time.monotonic() + 60
        while not case.place.reached(process):
            if process.poll() is not None or time.monotonic() > deadline:
                return f"{name}: did not come to its place: status {process.poll()}: {log.read_text()[-600:]}"
            time.sleep(0.02)
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        if signals == 2:
            time.sleep(0.2)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
        allowed = SOON_S if signals == 2 else case.first_s
        wanted = case.status_of_two if signals == 2 else case.status
        try:
            status = process.wait(allowed)
        except subprocess.TimeoutExpired:
            where = run("sh", "-c", f"cat /proc/{process.pid}/wchan 2>/dev/null; true")
            return f"{name}: runs still {allowed} s later ({where}): {log.read_text()[-600:]}"
        took = time.monotonic() - begun
        if status != wanted:
            return f"{name}: status {status}, wanted {wanted}: {log.read_text()[-600:]}"
        if signals == 1 and not case.watched and BY_WATCH in log.read_text():
            return f"{name}: did not end by itself: {log.read_text()[-600:]}"
        return f"ok: {name}: {took:.1f} s"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for end in ends:
            os.close(end)
        if isinstance(case.place, Held):
            case.place.close()


def connecting():
    """The first connection, to each kind of server that does not answer."""
    for kind in (Silent, BlackHole, Refused):
        yield lambda kind=kind: capture_case(kind())
        yield lambda kind=kind: snapshot_case(kind())
    for kind in (Silent, BlackHole):
        yield lambda kind=kind: verify_case(kind())
        yield lambda kind=kind: lag_case("source", kind(), lambda p: ("--source", source_of(p)))
        yield lambda kind=kind: lag_case("target", kind(), lambda p: ("--target", f"http://127.0.0.1:{p.port}/d"))
    for kind in (Silent, BlackHole, Refused):
        yield lambda kind=kind: lag_case("broker", kind(), lambda p: ("--brokers", f"127.0.0.1:{p.port}", "--group", "g"))
        yield lambda kind=kind: load_case(kind())
        yield lambda kind=kind: publish_case(kind())
        yield lambda kind=kind: consume_case(kind())
    yield lambda: held_case("cdc-load", 1, "--drain", f"{DRAIN_S}s")
    yield lambda: held_case("cdc-lag", 2)


def held_case(tool, status, *options):
    place = Held()
    return Case(f"{tool}, folder held", place, status, tool, "--target", f"chdb:{place.folder}", *options, lines=CHANGE,
                first_s=DRAIN_S + SOON_S)


def name_of(place):
    return type(place).__name__.lower()


def source_of(place):
    return f"postgresql://u@127.0.0.1:{place.port}/d"


def capture_case(place):
    return Case(f"cdc-capture, source {name_of(place)}", place, 0, "cdc-capture", "--source", source_of(place), "--slot", "s",
                "--publication", "p", "--checkpoint", "none.json")


def snapshot_case(place):
    return Case(f"cdc-snapshot, source {name_of(place)}", place, 1, "cdc-snapshot", "--source", source_of(place))


def verify_case(place):
    return Case(f"cdc-verify, source {name_of(place)}", place, 2, "cdc-verify", "--source", source_of(place), "--target", "http://127.0.0.1:1/d")


def lag_case(what, place, options):
    return Case(f"cdc-lag, {what} {name_of(place)}", place, 2, "cdc-lag", *options(place))


def load_case(place):
    return Case(f"cdc-load, target {name_of(place)}", place, 1, "cdc-load", "--target", f"http://127.0.0.1:{place.port}/d",
                "--drain", f"{DRAIN_S}s", lines=CHANGE, first_s=DRAIN_S + SOON_S)


def publish_case(place):
    return Case(f"cdc-publish, broker {name_of(place)}", place, 1, "cdc-publish", "--brokers", f"127.0.0.1:{place.port}", "--prefix", "p",
                "--drain", f"{DRAIN_S}s", lines=CHANGE, first_s=DRAIN_S + SOON_S)


def consume_case(place):
    return Case(f"cdc-consume, broker {name_of(place)}", place, 0, "cdc-consume", "--brokers", f"127.0.0.1:{place.port}", "--topics", "t",
                "--drain", f"{DRAIN_S}s")


def at_work(source):
    """Waits behind the first connection."""
    def capture(name, place, status, *options, **more):
        slot = source.slot()
        return Case(f"cdc-capture, {name}", place, status, "cdc-capture", "--source", source.url, "--slot", slot, "--publication", slot,
                    "--drain", f"{DRAIN_S}s", *options, first_s=DRAIN_S + SOON_S, **more)

    def snapshot(name, place, *options, **more):
        return Case(f"cdc-snapshot, {name}", place, 1, "cdc-snapshot", "--source", source.url, "--drain", f"{DRAIN_S}s", *options,
                    first_s=DRAIN_S + SOON_S, **more)

    yield lambda: capture("output full", After(2), 1, "--ack", "on-write", stdout="full")
    yield lambda: capture("checkpoint file that nobody writes", After(2), 1, "--checkpoint", "nobody.json")
    yield lambda: snapshot("output full", After(2), "--tables", "public.t", stdout="full")
    yield lambda: load_case(Stuck())
    yield lambda: Case("cdc-lag, output full", After(2), 2, "cdc-lag", "--source", source.url, "--watch", "1s", stdout="full")
    yield lambda: Case("cdc-lag --watch", After(2), 0, "cdc-lag", "--source", source.url, "--watch", "60s")
    yield lambda: Case("cdc-verify, target silent", Silent(), 2, "cdc-verify", "--source", source.url, "--target", "http://127.0.0.1:%d/d")
    yield lambda: load_case_full_stderr()


def behind_a_writer(source):
    """Slots come when the transactions that write have ended."""
    source.hold("BEGIN; INSERT INTO held VALUES (2);")
    source.until("SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'idle in transaction' AND backend_xid IS NOT NULL")

    def capture():
        slot = source.name()
        return Case("cdc-capture --create behind a writer", InSlotCreation(source, f"pg_create_logical_replication_slot('{slot}'"), 1,
                    "cdc-capture", "--source", source.url, "--slot", slot, "--publication", source.name(), "--tables", "public.t", "--create",
                    "--checkpoint", "nobody.json")

    yield capture
    yield lambda: Case("cdc-snapshot behind a writer", InSlotCreation(source, "CREATE_REPLICATION_SLOT"), 1, "cdc-snapshot", "--source",
                       source.url, "--tables", "public.t", "--wait", "600s")


def slots_left(source, before):
    """What a stopped tool waited for is not made later: nobody reads such a slot, and the server keeps its log for it."""
    source.let_go()
    source.until("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ILIKE '%create%replication_slot%'")
    left = source.slots() - before
    return [f"slots that stopped tools left: {' '.join(sorted(left))}"] if left else []


def load_case_full_stderr():
    place = Refused()
    return Case("cdc-load, stderr full", place, 1, "cdc-load", "--target", f"http://127.0.0.1:{place.port}/d", "--drain", f"{DRAIN_S}s",
                lines=CHANGE, stderr="full", first_s=DRAIN_S + SOON_S, watched=True)


def with_target(make):
    """The place's port in the command."""
    def made():
        case = make()
        case.command = tuple(word.replace("%d", str(getattr(case.place, "port", ""))) for word in case.command)
        return case
    return made


def everything(makes, workers=3):
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(perform, with_target(make), signals) for make in makes for signals in (1, 2)]:
            words = future.result()
            print(words, flush=True)
            if not words.startswith("ok: "):
                wrong.append(words)
    return wrong


def unreached():
    """Who gives a wrong port hears of it: status 1 within half a minute, and not sooner than the servers' start may take."""
    say("a first connection that is refused for 30 s ends the tool")
    port = Refused().port
    commands = {
        ("cdc-capture", "--source", f"postgresql://u@127.0.0.1:{port}/d", "--slot", "s", "--checkpoint", "x.json"): 1,
        ("cdc-snapshot", "--source", f"postgresql://u@127.0.0.1:{port}/d"): 1,
        ("cdc-load", "--target", f"http://127.0.0.1:{port}/d"): 1,
        ("cdc-load", "--target", "http://no-such-host.invalid:8123/d"): 1,
        ("cdc-load", "--purge", "--checkpoint", "x.json", "--target", f"http://127.0.0.1:{port}/d"): 1,
        ("cdc-publish", "--brokers", f"127.0.0.1:{port}", "--prefix", "p"): 1,
        ("cdc-consume", "--brokers", f"127.0.0.1:{port}", "--topics", "t"): 1,
        ("cdc-verify", "--source", f"postgresql://u@127.0.0.1:{port}/d", "--target", f"http://127.0.0.1:{port}/d"): 2,
        ("cdc-lag", "--brokers", f"127.0.0.1:{port}", "--group", "g"): 2,
    }
    at_least = {"cdc-capture": 25, "cdc-snapshot": 25} # seconds
    wrong = []
    running = [(command, status, subprocess.Popen([str(BIN / command[0]), *command[1:]], cwd=WORK, stdin=subprocess.PIPE,
                                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
               for command, status in commands.items()]
    begun = time.monotonic()
    for command, status, process in running:
        try:
            got = process.wait(max(1, begun + 60 - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            got = "none"
        took = time.monotonic() - begun
        if got == status and took < at_least.get(command[0], 0):
            wrong.append(f"{' '.join(command)}: gave up after {took:.1f} s")
        if got != status:
            wrong.append(f"{' '.join(command)}: status {got}, wanted {status}: {process.stderr.read()[-400:]}")
    return wrong


def closed_descriptors():
    """A tool whose stdin or stdout is closed refuses; one without stderr works, and says nothing."""
    say("closed descriptors")
    port = Refused().port
    source = f"postgresql://u@127.0.0.1:{port}/d"
    refused = {
        ("stdin", "cdc-load", "--target", f"http://127.0.0.1:{port}/d"): "<&-",
        ("stdin", "cdc-publish", "--brokers", f"127.0.0.1:{port}", "--prefix", "p"): "<&-",
        ("stdout", "cdc-capture", "--source", source, "--slot", "s", "--checkpoint", "x.json"): ">&-",
        ("stdout", "cdc-snapshot", "--source", source): ">&-",
        ("stdout", "cdc-consume", "--brokers", f"127.0.0.1:{port}", "--topics", "t"): ">&-",
        ("stdout", "cdc-lag", "--source", source): ">&-",
        ("stdout", "cdc-verify", "--source", source, "--target", f"http://127.0.0.1:{port}/d"): ">&-",
        ("stdout", "cdc-load", "--target", f"http://127.0.0.1:{port}/d", "--checkpoint", "-"): ">&-",
        ("stdout", "cdc-publish", "--brokers", f"127.0.0.1:{port}", "--prefix", "p", "--checkpoint", "-"): ">&-",
    }
    wrong = []

    def shell(command, redirection, wanted, words):
        text = " ".join(f"'{BIN / word}'" if i == 0 else f"'{word}'" for i, word in enumerate(command))
        try:
            done = subprocess.run(["bash", "-c", f"{text} {redirection}"], cwd=WORK, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=60)
        except subprocess.TimeoutExpired:
            wrong.append(f"{text} {redirection}: runs still")
            return
        if done.returncode != wanted or words not in done.stderr:
            wrong.append(f"{text} {redirection}: status {done.returncode}, wanted {wanted}: {done.stderr[-300:]}")

    for (stream, *command), redirection in refused.items():
        shell(command, redirection, 2, f"{stream} is closed")
    for tool in ("capture", "snapshot", "load", "publish", "consume", "verify", "lag"):
        shell([f"cdc-{tool}", "--version"], "2>&-", 0, "")
        shell([f"cdc-{tool}", "--version"], "<&- 2>&-", 0, "")
        shell([f"cdc-{tool}", "--help"], ">&-", 1, "cannot write to stdout")
    shell(["cdc-snapshot", "--source", source, "--connect-timeout", "0s"], "2>&-", 1, "")
    shell(["cdc-lag", "--source", source], "<&- 2>&-", 2, "")
    shell(["cdc-load", "--target", f"http://127.0.0.1:{port}/d", "--retry", "0s"], "2>&-", 1, "")
    return wrong


def main(parts):
    os.environ["CDC_SERVICES_DIR"] = str(WORK / "services")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # the servers are stopped then, too
    wrong = []
    source = None
    try:
        if "descriptors" in parts:
            wrong += closed_descriptors()
        if "unreached" in parts:
            wrong += unreached()
        if "connecting" in parts:
            say("the first connection")
            wrong += everything(list(connecting()))
        if "working" in parts:
            say("at work")
            source = Source()
            wrong += everything(list(at_work(source)), workers=2)
            say("behind a transaction that writes")
            before = source.slots()
            wrong += everything(list(behind_a_writer(source)), workers=2)
            wrong += slots_left(source, before)
    finally:
        if source is not None:
            source.stop()
        subprocess.run(["rm", "-rf", str(WORK)], check=False)
    for words in wrong:
        print(f"FAILED: {words}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PARTS))
