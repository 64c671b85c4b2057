"""When what was written is seen in the target: waits, and the ages of rows."""
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


def wait_for(what, seconds=600):
    end = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > end:
            raise SystemExit("waited in vain")
        time.sleep(0.05)
    return found


def rows_of(target, query):
    """The fields of each row; nothing where the target refuses: a table is not made yet."""
    try:
        with urllib.request.urlopen(f"http://{urllib.parse.urlsplit(target).netloc.rpartition('@')[2]}/",
                                    f"{query} FORMAT TSV".encode(), timeout=30) as answer:
            return [line.split("\t") for line in answer.read().decode().splitlines()]
    except urllib.error.URLError:
        return []


class Watcher(threading.Thread):
    """Looks at the target's tables again and again, all in one query so that it takes little of the
    machine; the ages of rows when they are first seen."""

    def __init__(self, target, tables):
        super().__init__(daemon=True)
        self.target = target
        self.last = dict.fromkeys(tables, 0)
        self.ages, self.stop = [], False

    def run(self):
        while not self.stop:
            found = rows_of(self.target, " UNION ALL ".join(
                f"SELECT '{table}', toString(_version), toInt64(_source_ts_ms) FROM {table} "
                f"WHERE _version > toUInt128('{last}')" for table, last in self.last.items()))
            now = time.time() * 1000
            for table, version, made in found:
                self.ages.append(now - int(made))
                self.last[table] = max(self.last[table], int(version))
            time.sleep(0.02)

    def end(self):
        self.stop = True
        self.join()

    def share(self, part):
        """The age below which that part of the rows was, in seconds."""
        ages = sorted(self.ages)
        return ages[min(int(len(ages) * part), len(ages) - 1)] / 1000


def last_change(target, tables, quiet_s):
    """Waits until nothing has come for so long, and tells when the last did."""
    query = " UNION ALL ".join(f"SELECT '{table}', toString(max(_version)) FROM {table}" for table in tables)
    seen, changed = None, time.monotonic()
    while time.monotonic() - changed < quiet_s:
        found = sorted(rows_of(target, query))
        if found != seen:
            seen, changed = found, time.monotonic()
        time.sleep(0.1)
    return changed
