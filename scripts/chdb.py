#!/usr/bin/env python3
"""The embedded ClickHouse engine (libchdb.so), as a module and as a command.

    scripts/chdb.py DIR 'SELECT count() FROM orders'
    echo 'SELECT 1' | scripts/chdb.py --format JSONEachRow DIR

The library is taken from $CDC_CHDB_LIBRARY, else from the cache folder that
scripts/install-deps fills. One process at a time may open a folder; inside a process several
connections to one folder work in parallel, each one query at a time.

Exit status: 0 done, 1 the engine refused (its words on stderr), 2 wrong usage.
"""
import argparse
import contextlib
import ctypes
import os
import re
import sys
import tempfile
import threading


class Error(Exception):
    """The engine's own words; `code` is ClickHouse's error number, 0 where it gave none."""

    def __init__(self, message):
        super().__init__(message)
        found = re.match(r"Code: (\d+)\.", message)
        self.code = int(found.group(1)) if found else 0


def library_path():
    given = os.environ.get("CDC_CHDB_LIBRARY")
    if given:
        return given
    cache = os.environ.get("CDC_CACHE_DIR")
    if not cache:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        cache = os.path.join(home, "cdc-toolkit")
    return os.path.join(cache, "libchdb.so")


_library = None


def library():
    """Loads the engine once. Its crash handlers stay out: they hold a dead process for minutes."""
    global _library
    if _library is not None:
        return _library
    path = library_path()
    try:
        lib = ctypes.CDLL(path)
    except OSError as error:
        raise Error(f"cannot load the ClickHouse engine '{path}': {error}\n"
                    "Run scripts/install-deps, or set CDC_CHDB_LIBRARY.") from None
    handle, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    declarations = {
        "chdb_connect": (handle, [ctypes.c_int, ctypes.POINTER(text)]),
        "chdb_close_conn": (None, [handle]),
        "chdb_query_n": (handle, [handle, text, size, text, size]),
        "chdb_destroy_query_result": (None, [handle]),
        "chdb_result_buffer": (handle, [handle]),
        "chdb_result_length": (size, [handle]),
        "chdb_result_error": (text, [handle]),
        "chdb_result_elapsed": (ctypes.c_double, [handle]),
        "chdb_result_rows_read": (ctypes.c_uint64, [handle]),
        "chdb_result_bytes_read": (ctypes.c_uint64, [handle]),
        "chdb_result_rows_written": (ctypes.c_uint64, [handle]),
        "chdb_result_bytes_written": (ctypes.c_uint64, [handle]),
        "chdb_set_signal_handlers_enabled": (None, [ctypes.c_int]),
    }
    for name, (result, arguments) in declarations.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    lib.chdb_set_signal_handlers_enabled(0)
    _library = lib
    return lib


def holder_of(path):
    """The process id that the folder's status file names, or None."""
    try:
        with open(os.path.join(path, "status"), encoding="utf-8", errors="replace") as status:
            found = re.search(r"PID: (\d+)", status.read())
    except OSError:
        return None
    return found.group(1) if found else None


class Result:
    """What one query gave: its bytes and its counts."""

    def __init__(self, lib, handle):
        size = lib.chdb_result_length(handle)
        self.data = ctypes.string_at(lib.chdb_result_buffer(handle), size) if size else b""
        self.elapsed = lib.chdb_result_elapsed(handle)
        self.rows_read = lib.chdb_result_rows_read(handle)
        self.bytes_read = lib.chdb_result_bytes_read(handle)
        self.rows_written = lib.chdb_result_rows_written(handle)
        self.bytes_written = lib.chdb_result_bytes_written(handle)


class Connection:
    """One session on a folder, which is made if it is not there. Not for two threads at once."""

    def __init__(self, path, *arguments):
        self.path = os.path.abspath(path)
        self._library = library()
        # One thread that loads tables, and the first statement with a function before any other:
        # the engine makes its store of SQL functions without a lock (common/clickhouse/chdb.cpp).
        argv = [b"clickhouse", b"--path=" + os.fsencode(self.path), b"--tables_loader_foreground_pool_size=1"]
        argv += [argument.encode() for argument in arguments]
        array = (ctypes.c_char_p * len(argv))(*argv)
        with _in_empty_folder():
            self._connection, words = _with_captured_stderr(
                lambda: self._library.chdb_connect(len(argv), array))
        if not self._connection:
            if "Cannot lock file" in words:
                holder = holder_of(self.path)
                by = f" (process {holder})" if holder else ""
                raise Error(f"{words}\nThe folder '{self.path}' is open in another process{by}: "
                            "one process at a time may open it.")
            raise Error(words or f"cannot open '{self.path}'")
        self.query("SELECT lower('')")

    def query(self, sql, output_format="TSV"):
        """Runs one statement. Raises Error with the engine's words; never sends rows in `sql`."""
        if not self._connection:
            raise Error("the connection is closed")
        lib = self._library
        session = ctypes.cast(self._connection, ctypes.POINTER(ctypes.c_void_p))[0]
        statement = sql.encode() if isinstance(sql, str) else sql
        form = output_format.encode()
        handle = lib.chdb_query_n(session, statement, len(statement), form, len(form))
        if not handle:
            raise Error("the engine gave no answer")
        try:
            error = lib.chdb_result_error(handle)
            if error:
                raise Error(error.decode("utf-8", "replace").strip())
            return Result(lib, handle)
        finally:
            lib.chdb_destroy_query_result(handle)

    def close(self):
        if self._connection:
            connection, self._connection = self._connection, None
            self._library.chdb_close_conn(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


_one_at_a_time = threading.Lock() # the working folder belongs to the whole process


@contextlib.contextmanager
def _in_empty_folder():
    """The engine shows the files of the folder it was started in as tables of its `default`."""
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="cdc-chdb-") as empty:
        before = os.open(".", os.O_RDONLY)
        os.chdir(empty)
        try:
            yield
        finally:
            os.fchdir(before)
            os.close(before)


def _with_captured_stderr(call):
    """chdb_connect has no error result: it prints its reason to descriptor 2, taken here."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            value = call()
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        kept.seek(0)
        return value, kept.read().decode("utf-8", "replace").strip()


def main():
    parser = argparse.ArgumentParser(
        prog="chdb.py", description="Run SQL on a folder of the embedded ClickHouse engine.")
    parser.add_argument("folder", metavar="DIR", help="the data folder")
    parser.add_argument("sql", metavar="SQL", nargs="?", help="the statement (default: stdin)")
    parser.add_argument("--format", default="TSV", help="output format (default: TSV)")
    parser.add_argument("--database", default="default", help="current database")
    parser.add_argument("--create", action="store_true", help="make the folder if it is missing")
    options = parser.parse_args()
    sql = options.sql if options.sql is not None else sys.stdin.read()
    if not options.create and not os.path.isdir(options.folder):
        print(f"chdb.py: error: no such folder '{options.folder}'", file=sys.stderr)
        return 1
    try:
        with Connection(options.folder) as connection:
            if options.database != "default":
                connection.query("USE `" + options.database.replace("`", "\\`") + "`")
            data = connection.query(sql, options.format).data
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    except Error as error:
        print(f"chdb.py: error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
