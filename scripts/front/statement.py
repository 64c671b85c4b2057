"""Just enough of ClickHouse's SQL for scripts/clickhouse-front: where a statement's rows begin."""
import re
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""(?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
       | (?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
       | (?P<word>[A-Za-z_0-9$\x80-\xff]+)
       | (?P<other>.)""",
    re.VERBOSE | re.DOTALL)


@dataclass
class Statement:
    """`verb` is the first word in capitals; `output_format` what a trailing FORMAT names."""
    verb: str = ""
    output_format: str = ""
    # Only for an INSERT that takes rows: the statement up to its SETTINGS or FORMAT, the SETTINGS
    # with their keyword, the input format, and the offset at which rows may follow.
    insert_head: bytes = b""
    insert_settings: bytes = b""
    input_format: str = ""
    rows_offset: int = -1
    # Text after a semicolon.
    second_statement: bool = False

    @property
    def takes_rows(self):
        return self.rows_offset >= 0

    def insert_from(self, path, compression):
        """The INSERT with its rows taken from a file. Never write rows into the statement: the
        embedded engine cuts them at a blank line."""
        return b"%s FROM INFILE '%s' COMPRESSION '%s' %s FORMAT %s" % (
            self.insert_head, path.encode(), compression.encode(), self.insert_settings,
            self.input_format.encode())


def parse(sql):
    """Reads `sql` (bytes) as far as an INSERT's rows, else to its end."""
    statement = Statement()
    depth = 0
    previous = b""
    settings_at = None
    ended = False
    for token in _TOKEN.finditer(sql):
        if token.lastgroup == "space":
            continue
        if ended:
            statement.second_statement = True
            break
        text = token.group()
        if token.lastgroup == "other":
            depth += (text == b"(") - (text == b")")
            ended = text == b";" and depth == 0
        elif token.lastgroup == "word" and depth == 0:
            word = text.upper()
            if not statement.verb:
                statement.verb = word.decode("ascii", "replace")
            elif previous == b"FORMAT":
                statement.output_format = text.decode("ascii", "replace")
                if statement.verb == "INSERT":
                    return _with_rows(statement, sql, settings_at, format_at, token.end())
            elif word == b"FORMAT":
                format_at = token.start()
            elif statement.verb == "INSERT":
                if word in (b"SELECT", b"WITH", b"FROM", b"WATCH"):
                    statement.verb = "INSERT SELECT"
                elif word == b"SETTINGS":
                    settings_at = token.start()
                elif word == b"VALUES":
                    statement.output_format = "Values"
                    return _with_rows(statement, sql, settings_at, token.start(), token.end())
            previous = word
            continue
        previous = b""
    return statement


def _with_rows(statement, sql, settings_at, format_at, end):
    head_end = format_at if settings_at is None else settings_at
    statement.insert_head = sql[:head_end].rstrip()
    statement.insert_settings = b"" if settings_at is None else sql[settings_at:format_at].rstrip()
    statement.input_format, statement.output_format = statement.output_format, ""
    separator = re.compile(rb"[ \t\r\f]*;?[ \t\r\f]*\n?").match(sql, end)
    statement.rows_offset = separator.end()
    return statement
