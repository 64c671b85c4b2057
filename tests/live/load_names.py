#!/usr/bin/env python3
"""Names of tables and columns that the engine reads as something else, asked of the engine itself.

Each keyword, function and literal is a table's name, its key's and a column's; further names are made
of each character and of the loader's own. The rows are loaded, the loader is killed, the folder is
opened anew, and the view must give each value by the source's own names: with keys, without, and as a
history; changed, completed and filled anew afterwards.

CDC_TEST_SOAK=1: all keywords as names of tables, else a third of them, by chance: CDC_TEST_SEED.
"""
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import chdb
import load_lines as lines
from bed import BIN, SEED, SOAK

LITERALS = ["true", "false", "null", "nan", "inf", "infinity", "not", "top", "cube", "rollup"]
OWN = ["_version", "_deleted", "_row", "_sign", "_i", "_n", "_key", "_line", "_done", "_source_ts_ms", "_synced_at",
       "_highest", "_picked", "_at", "_there", "_asked", "_t", "_cdc", "_cdc_true", "_cdc_", "_", "operation_type",
       "_part", "_part_offset", "_partition_id", "_row_exists", "_block_number", "_block_offset", "_table",
       "_no_column", "_cdc times", "_cdc time"]
TABLES = ["t", "t_", "t_raw", "t_raw_", "t_pending", "t_history", "t_raw_raw", "t_raw_rebuild", "T", "_cdc_state",
          "_cdc_state_", ".", "..", "../t", "/etc/passwd", ".inner", ".inner_id.x", "{table}", "{name}", "{a,b}", "[x]",
          "**", "http://x/y", "ж" * 31, "ж" * 64, "y" * 63 + "_raw", "name.csv", "%2A", "*", " "]
CHARACTERS = [chr(code) for code in range(1, 127) if not chr(code).isalnum() and chr(code) != "_"] + ["é", "日"]


def quoted(name):
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def words_of_engine(folder):
    """Single words that the engine knows: all of its keywords, and what may stand without parentheses."""
    with chdb.Connection(folder) as connection:
        def ask(sql):
            return connection.query(sql, "TSVRaw").data.decode().split("\n")[:-1]
        phrases = ask("SELECT keyword FROM system.keywords")
        keywords = {word for phrase in phrases for word in phrase.split()} | set(phrases)
        others = set(ask("SELECT name FROM system.functions")) | set(ask("SELECT name FROM system.data_type_families"))
    keywords = {word.lower() for word in keywords if re.match(r"[A-Za-z]", word)}
    assert len(keywords) > 300, len(keywords)
    return sorted(keywords | set(LITERALS)), sorted({word.lower() for word in others} - keywords)


class Load:
    def __init__(self, folder, *options):
        self.folder, self.options = folder, options
        self.checkpoint = folder.parent / (folder.name + ".checkpoint")
        self.position = lines.POSITION

    def run(self, text, *options, kill=False):
        """Loads lines; with `kill` the loader is killed once all is stored."""
        self.position += 0x100
        text += lines.checkpoint(self.position) + "\n"
        errors = (self.folder.parent / "stderr").open("w+")
        process = subprocess.Popen([BIN / "cdc-load", "--target", f"chdb:{self.folder}", "--checkpoint", self.checkpoint,
                                    *self.options, *options], stdin=subprocess.PIPE, stderr=errors, text=True)
        process.stdin.write(text)
        process.stdin.flush()
        if kill:
            wanted = f'"position":"0/{self.position:X}"'
            while process.poll() is None and not (self.checkpoint.exists() and wanted in self.checkpoint.read_text()):
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
        process.stdin.close()
        code = process.wait(300)
        errors.seek(0)
        if code not in (0, -signal.SIGKILL):
            sys.exit(f"cdc-load {' '.join(self.options + options)} ended with {code}: {errors.read()[-2000:]}")

    def views(self):
        """Rows of each view by the view's own columns, by the name of the source's table."""
        with chdb.Connection(self.folder) as connection:
            def ask(sql, form="TSVRaw"):
                return connection.query(sql, form).data.decode()
            names = {}
            for row in ask("SELECT name, value FROM _cdc_state FINAL WHERE scope = 'table' AND item = 'source' "
                           "FORMAT JSONCompactEachRow").splitlines():
                name, source = lines.json.loads(row)
                names[lines.json.loads(source)["table"]] = name
            found = {}
            for table, name in names.items():
                columns = [lines.json.loads(row)[0] for row in ask(
                    f"SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"
                    + name.replace("\\", "\\\\").replace("'", "\\'") + "' ORDER BY position", "JSONCompactEachRow").splitlines()]
                select = ", ".join("x." + quoted(column) for column in columns)
                rows = [lines.json.loads(row) for row in
                        ask(f"SELECT {select} FROM {quoted(name)} AS x", "JSONCompactEachRow").splitlines()]
                found[table] = sorted((dict(zip(columns, row)) for row in rows), key=lines.text)
            return found


def expect(load, wanted, what):
    got = load.views()
    wrong = [(table, rows, got.get(table)) for table, rows in wanted.items()
             if got.get(table) != sorted(rows, key=lines.text)]
    for table, rows, found in wrong[:10]:
        print(f"{what}: table {table!r}: wanted {rows}, found {found}")
    if wrong:
        sys.exit(f"{what}: {len(wrong)} of {len(wanted)} tables are wrong")
    print(f"{what}: {len(wanted)} tables", flush=True)


def table_of(name, columns, key, kind="text"):
    return lines.table(name, [lines.column(column, kind if column != key else "text", column != key, int(column == key))
                              for column in columns], "1") + "\n"


def each_name(work):
    words, others = words_of_engine(work / "words")
    shapes = {word: [word, word.upper()] for word in words}
    if not SOAK:
        few = {*LITERALS, *random.sample(words, len(words) // 3)}
        shapes = {word: columns for word, columns in shapes.items() if word in few}
        shapes["keywords"] = ["id of it"] + words
    for number in range(0, len(others), 100):
        shapes[f"functions {number}"] = others[number:number + 100]
    shapes["own"] = ["id"] + OWN
    shapes["characters"] = ["id"] + CHARACTERS + [f"a{c}b" for c in CHARACTERS]
    shapes["dots"] = ["id", "n.a", "n.b", "n", "n.a.b", "id.null", ".", "a.", "A", "a", "x" * 63, "ж" * 64]
    for name in TABLES:
        shapes.setdefault(name, ["id", "v"])
    for character in CHARACTERS:
        shapes.setdefault(character, ["id"])
        shapes.setdefault(f"a{character}b", ["id"])
    load = Load(work / "each")
    text, wanted = "", {}
    for name, columns in shapes.items():
        row = {column: f"{column} of {name}" for column in columns}
        text += table_of(name, columns, columns[0])
        text += lines.change("c", name, {columns[0]: row[columns[0]]}, 0x1000, after=row) + "\n"
        wanted[name] = [row]
    load.run(text, kill=True)
    expect(load, wanted, "each name")


def each_way(work):
    """The names that are stored otherwise, in each kind of table, with all that happens to tables."""
    columns = LITERALS + [word.title() for word in LITERALS] + OWN + ["n.a", "n.b", "plain"]
    key = "true"
    for mode in ("replace", "history"):
        load = Load(work / mode, "--mode", mode)
        rows = [{column: f"{column} {number}" for column in columns} for number in range(3)]
        arrays = {"id": "1", "n.a": ["1", "2"], "n.b": ["x"]}
        text = table_of("keyed", columns, key) + table_of("loose", columns, None)
        text += lines.table("arrays", [lines.column("id", "text", False, 1)] + [
            lines.column(name, "text[]", element="text") for name in ("n.a", "n.b")], "1") + "\n"
        text += lines.change("c", "arrays", {"id": "1"}, 0x1000, after=arrays) + "\n"
        text += lines.table("nothing", [], "1") + "\n"
        for index, row in enumerate(rows, 1):
            text += lines.change("c", "keyed", {key: row[key]}, 0x1000, index, after=row) + "\n"
            text += lines.change("c", "loose", None, 0x1001, index, after=row) + "\n"
            text += lines.change("c", "nothing", None, 0x1002, index, after={}) + "\n"
        load.run(text, kill=True)
        wanted = {"keyed": rows, "loose": rows, "arrays": [arrays], "nothing": [{"_no_column": 0}] * 3}
        expect(load, wanted, mode)
        # An update that leaves columns as they were, a delete; an update and a delete without key.
        changed = {**rows[0], "inf": "new", "_i": "new"}
        part = {column: value for column, value in changed.items() if column not in ("nan", "_n", "n.a")}
        text = table_of("keyed", columns, key) + table_of("loose", columns, None) + lines.table("nothing", [], "1") + "\n"
        text += lines.change("u", "keyed", {key: rows[0][key]}, 0x1100, after=part, unchanged=["nan", "_n", "n.a"]) + "\n"
        text += lines.change("d", "keyed", {key: rows[1][key]}, 0x1100, 2, before={key: rows[1][key]}) + "\n"
        text += lines.change("u", "loose", None, 0x1101, 1, before=rows[0], after=changed) + "\n"
        text += lines.change("d", "loose", None, 0x1101, 2, before=rows[1]) + "\n"
        text += lines.change("d", "nothing", None, 0x1101, 3, before={}) + "\n"
        load.run(text, kill=True)
        wanted |= {"keyed": [changed, rows[2]], "loose": [changed, rows[2]], "nothing": [{"_no_column": 0}] * 2}
        expect(load, wanted, f"{mode}, changed")
        # More columns with such names, and the first of a table that had none.
        text = lines.table("keyed", [lines.column(column, "text", column != key, int(column == key))
                                     for column in columns + ["NULL", "_more"]], "2", 0x1200) + "\n"
        text += lines.table("nothing", [lines.column("inf", "text")], "2", 0x1200) + "\n"
        text += lines.change("c", "nothing", None, 0x1200, 1, after={"inf": "1"}) + "\n"
        more = {**rows[1], "NULL": "n", "_more": "m"}
        text += lines.change("c", "keyed", {key: more[key]}, 0x1200, 2, after=more) + "\n"
        load.run(text, kill=True)
        none = {"NULL": None, "_more": None}
        wanted |= {"keyed": [{**changed, **none}, {**rows[2], **none}, more],
                   "nothing": [{"inf": None}, {"inf": None}, {"inf": "1"}]}
        expect(load, wanted, f"{mode}, with more columns")
        if mode == "replace":
            text = table_of("keyed", columns, key) + lines.snapshot("begin", "keyed", 0x1300) + "\n"
            text += lines.change("r", "keyed", {key: rows[2][key]}, 0x1300, 0, after=rows[2]) + "\n"
            text += lines.snapshot("end", "keyed", 0x1300) + "\n"
            load.run(text, "--rebuild", kill=True)
            expect(load, {**wanted, "keyed": [rows[2]]}, "filled anew")


def main():
    print(f"CDC_TEST_SEED={SEED}", flush=True)
    random.seed(SEED)
    work = pathlib.Path(tempfile.mkdtemp(prefix="cdc-names-"))
    try:
        each_way(work)
        each_name(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
