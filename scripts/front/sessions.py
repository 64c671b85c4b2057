"""Engine connections for scripts/clickhouse-front."""
import contextlib
import re
import threading
import time

import chdb

ERROR_NAMES = {
    48: "NOT_IMPLEMENTED", 62: "SYNTAX_ERROR", 115: "UNKNOWN_SETTING", 164: "READONLY", 202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    209: "SOCKET_TIMEOUT", 210: "NETWORK_ERROR", 241: "MEMORY_LIMIT_EXCEEDED", 242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE", 252: "TOO_MANY_PARTS", 319: "UNKNOWN_STATUS_OF_INSERT",
    381: "HTTP_LENGTH_REQUIRED", 516: "AUTHENTICATION_FAILED",
}


def failure(code, message):
    return chdb.Error(f"Code: {code}. DB::Exception: {message} ({ERROR_NAMES.get(code, 'FAULT')})")


class Sessions:
    """Engine connections, each given to one request at a time."""

    def __init__(self, path, count):
        self._free = []
        self._count = count
        self._changed = threading.Condition()
        for _ in range(count):
            connection = chdb.Connection(path)
            connection.settings = {}
            self._use(connection, "default")
            self._free.append(connection)
        self.version = connection.query("SELECT version()").data.decode().strip()

    @contextlib.contextmanager
    def session(self, database, settings):
        """One with these settings and no others. They stay until a request brings others: each SET
        costs as much as a small insert, which no server would pay."""
        settings = dict(settings)
        connection = self._take(settings)
        try:
            self._use(connection, database)
            self._set(connection, settings)
            yield connection
        finally:
            with self._changed:
                self._free.append(connection)
                self._changed.notify()

    def _take(self, settings, timeout=None):
        with self._changed:
            if not self._changed.wait_for(lambda: self._free, timeout):
                return None
            alike = [number for number, connection in enumerate(self._free)
                     if connection.settings == settings]
            return self._free.pop(alike[-1] if alike else -1)

    def _set(self, connection, wanted):
        current = connection.settings
        ended = [name for name in current if name not in wanted]
        self._unset(connection, ended)
        for name in ended:
            del current[name]
        changed = {name: value for name, value in wanted.items() if current.get(name) != value}
        parts = []
        for name, value in changed.items():
            if not re.fullmatch(r"\w+", name):
                raise failure(115, f"Setting {name} is neither a builtin setting")
            quoted = value.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"{name} = '{quoted}'")
        if parts: # in one statement: each costs as much as a small insert
            try:
                connection.query("SET " + ", ".join(parts))
            except chdb.Error:
                self._unset(connection, [*current, *changed])
                current.clear()
                raise
            current.update(changed)

    def _unset(self, connection, names):
        parts = [f"{name} = DEFAULT" for name in names]
        try:
            if parts:
                connection.query("SET " + ", ".join(parts))
        except chdb.Error: # one of them is none
            for part in parts:
                with contextlib.suppress(chdb.Error):
                    connection.query("SET " + part)

    def _use(self, connection, database):
        if getattr(connection, "database", None) != database:
            connection.query("USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`")
            connection.database = database

    def close(self, seconds):
        """Waits for running queries, then closes all."""
        deadline = time.monotonic() + seconds
        for _ in range(self._count):
            connection = self._take({}, max(0.01, deadline - time.monotonic()))
            if connection:
                connection.close()
