"""Engine connections for scripts/clickhouse-front."""
import contextlib
import queue
import re
import time

import chdb

ERROR_NAMES = {
    48: "NOT_IMPLEMENTED", 62: "SYNTAX_ERROR", 164: "READONLY", 202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    209: "SOCKET_TIMEOUT", 210: "NETWORK_ERROR", 241: "MEMORY_LIMIT_EXCEEDED", 242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE", 252: "TOO_MANY_PARTS", 319: "UNKNOWN_STATUS_OF_INSERT",
    381: "HTTP_LENGTH_REQUIRED", 516: "AUTHENTICATION_FAILED",
}


def failure(code, message):
    return chdb.Error(f"Code: {code}. DB::Exception: {message} ({ERROR_NAMES.get(code, 'FAULT')})")


class Sessions:
    """Engine connections, each given to one request at a time."""

    def __init__(self, path, count):
        self._free = queue.LifoQueue()
        self._count = count
        for _ in range(count):
            connection = chdb.Connection(path)
            self._use(connection, "default")
            self._free.put(connection)
        self.version = connection.query("SELECT version()").data.decode().strip()

    @contextlib.contextmanager
    def session(self, database, settings):
        connection = self._free.get()
        touched = []
        try:
            self._use(connection, database)
            for name, value in settings:
                if not re.fullmatch(r"\w+", name):
                    raise failure(115, f"Setting {name} is neither a builtin setting")
                touched.append(name)
                quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                connection.query(f"SET {name} = '{quoted}'")
            yield connection
        finally:
            for name in touched:
                with contextlib.suppress(chdb.Error):
                    connection.query(f"SET {name} = DEFAULT")
            self._free.put(connection)

    def _use(self, connection, database):
        if getattr(connection, "database", None) != database:
            connection.query("USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`")
            connection.database = database

    def close(self, seconds):
        """Waits for running queries, then closes all."""
        deadline = time.monotonic() + seconds
        for _ in range(self._count):
            with contextlib.suppress(queue.Empty):
                self._free.get(timeout=max(0.01, deadline - time.monotonic())).close()
