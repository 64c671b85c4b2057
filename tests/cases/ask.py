#!/usr/bin/env python3
"""What a target of a case holds, as one JSON object: ask.py SCRIPTS DIR (names and rows of its tables), of a folder of chDB.

One process opens the folder once, for an engine's start costs more than all its answers.
"""
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

SCHEMA = ("SELECT t.name, groupArray(c.name) FROM system.tables t JOIN (SELECT table, name FROM system.columns "
          "WHERE database = currentDatabase() ORDER BY position) c ON c.table = t.name "
          "WHERE t.database = currentDatabase() AND t.engine = 'View' GROUP BY 1")
MARKED = "SELECT DISTINCT name FROM _cdc_state FINAL WHERE item IN ('stale', 'unproven') AND value != ''"


class Refused(Exception):
    pass


def in_quotes(name):
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Server:
    """A database of a ClickHouse server, by its URL."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.base, self.database = f"{parts.scheme}://{parts.hostname}:{parts.port}", parts.path.strip("/")
        self.user = parts.username or "default"

    def query(self, sql, form):
        words = urllib.parse.urlencode({"user": self.user, "database": self.database, "default_format": form})
        try:
            with urllib.request.urlopen(f"{self.base}/?{words}", sql.encode()) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode(errors="backslashreplace")) from None


def answers(query, wanted):
    """`query` gives the bytes that SQL in a format gives, or raises Refused."""
    def rows(sql):
        return [json.loads(line) for line in query(sql, "JSONCompactEachRow").decode(errors="backslashreplace").splitlines()]

    def text(sql):
        try:
            return query(sql, "TSV").decode(errors="backslashreplace")
        except Refused as error:
            return f"'{sql}': {str(error)[-300:]}"

    tables = dict(rows(SCHEMA))
    answer = {"tables": tables, "rows": {}, "marked": [name for name, in rows(MARKED)],
              "checks": [text(sql + " FORMAT TSVRaw").strip() for sql in wanted["checks"]]}
    for table, columns in (wanted["columns"] or tables).items():
        if table in tables:
            answer["rows"][table] = text(f"SELECT {', '.join(map(in_quotes, columns))} FROM {in_quotes(table)} ORDER BY ALL")
    return answer


def main():
    sys.path.insert(0, sys.argv[1])
    import chdb # the scripts' folder is only known now

    with chdb.Connection(sys.argv[2]) as connection:
        def query(sql, form):
            try:
                return connection.query(sql, form).data
            except chdb.Error as error:
                raise Refused(str(error)) from None

        json.dump(answers(query, json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
