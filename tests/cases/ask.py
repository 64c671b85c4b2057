#!/usr/bin/env python3
"""What a target of a case holds, as one JSON object: ask.py SCRIPTS DIR QUERY… (names and rows of its tables).

One process opens the folder once, for an engine's start costs more than all its answers.
"""
import json
import sys

sys.path.insert(0, sys.argv[1])
import chdb # noqa: E402 the scripts' folder is only known now

SCHEMA = ("SELECT t.name, groupArray(c.name) FROM system.tables t JOIN (SELECT table, name FROM system.columns "
          "WHERE database = currentDatabase() ORDER BY position) c ON c.table = t.name "
          "WHERE t.database = currentDatabase() AND t.engine = 'View' GROUP BY 1")
MARKED = "SELECT DISTINCT name FROM _cdc_state FINAL WHERE item IN ('stale', 'unproven') AND value != ''"


def in_quotes(name):
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def main():
    with chdb.Connection(sys.argv[2]) as connection:
        def rows(sql):
            data = connection.query(sql, "JSONCompactEachRow").data
            return [json.loads(line) for line in data.decode(errors="backslashreplace").splitlines()]

        def text(sql):
            try:
                return connection.query(sql, "TSV").data.decode(errors="backslashreplace")
            except chdb.Error as error:
                return f"'{sql}': {str(error)[-300:]}"

        wanted = json.load(sys.stdin)
        tables = dict(rows(SCHEMA))
        answer = {"tables": tables, "rows": {}, "marked": [name for name, in rows(MARKED)],
                  "checks": [text(sql + " FORMAT TSVRaw").strip() for sql in wanted["checks"]]}
        for table, columns in (wanted["columns"] or tables).items():
            if table in tables:
                answer["rows"][table] = text(f"SELECT {', '.join(map(in_quotes, columns))} FROM {in_quotes(table)} ORDER BY ALL")
        json.dump(answer, sys.stdout)


main()
