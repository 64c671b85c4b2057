#!/usr/bin/env python3
"""Settings that change text, rows or waits, all wrong in the role, in the database and in the
environment: stream, snapshot, their table lines and the values that a key change fetches are byte
for byte those of a clean role. A tool also works on with its timeouts set to almost nothing.
"""
import json
import re


import bed
import types_values
from bed import say

# Every one is legal for a role. What it would do: another text, another reading of our statements,
# fewer rows, or an end of the session.
WRONG = {
    "timezone": "Asia/Tokyo", "datestyle": "SQL, DMY", "intervalstyle": "iso_8601", "bytea_output": "escape",
    "extra_float_digits": "-15", "xmlbinary": "hex", "xmloption": "document", "lc_monetary": "C.UTF-8",
    "quote_all_identifiers": "on", "search_path": "public, pg_catalog", "standard_conforming_strings": "off",
    "array_nulls": "off", "timezone_abbreviations": "Australia", "transform_null_equals": "on",
    "backslash_quote": "off", "row_security": "on", "gin_fuzzy_search_limit": "1", "client_encoding": "LATIN1",
    "statement_timeout": "1ms", "lock_timeout": "1ms", "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "300ms", "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on", "default_transaction_deferrable": "on", "jit": "on",
    "jit_above_cost": "0", "enable_seqscan": "off", "default_text_search_config": "german",
}
ENVIRONMENT = {
    "PGTZ": "America/New_York", "PGDATESTYLE": "German, YMD", "PGCLIENTENCODING": "SQL_ASCII",
    "PGOPTIONS": "-c intervalstyle=sql_standard -c bytea_output=escape -c extra_float_digits=0 -c statement_timeout=2",
}


class Test(types_values.Test):
    def make(self):
        super().make()
        # Values that a key change leaves in TOAST: the tool fetches them from the table.
        self.psql("CREATE TABLE fetched (k timestamptz PRIMARY KEY, b bytea, t text, x xml);"
                  "ALTER TABLE fetched ALTER b SET STORAGE EXTERNAL, ALTER t SET STORAGE EXTERNAL, ALTER x SET STORAGE EXTERNAL")

    def images(self, lines):
        """Lines without what another run has otherwise: our clock; of facts, when they were asked for."""
        out = [re.sub(r',"ts_ms":\d+\}$', "}", line) for line in lines if not line.startswith('{"checkpoint"')]
        return [re.sub(r'"(xid|order)":"[0-9a-f]+"|"ts_ms":\d+', "", line) if line.startswith('{"facts"') else line for line in out]

    def snapshot_images(self, lines):
        """Rows and shapes without their position, in any order."""
        out = []
        for line in lines:
            if line.startswith(('{"key"', '{"table"')):
                head, _, source = line.partition(',"source":')
                out.append((re.search(r'"schema":.*?"table":"(?:[^"\\]|\\.)*"', source)[0], head))
        return sorted(out)

    def snapshot(self):
        return self.snapshot_images(self.tool("cdc-snapshot", "--source", self.source, "--publication", "types",
                                              "--exclude", "spatial_ref_sys", "--allow-no-match").decode().splitlines())

    def same(self, what, clean, wrong):
        if clean == wrong:
            say(f"{what}: {len(clean)} lines are equal")
            return
        for ours, theirs in zip(clean, wrong):
            if ours != theirs:
                at = next((i for i, (a, b) in enumerate(zip(str(ours), str(theirs))) if a != b), 0)
                start = max(0, at - 200)
                raise RuntimeError(f"{what} differs:\n  {str(ours)[start:at + 200]}\n  {str(theirs)[start:at + 200]}")
        raise RuntimeError(f"{what}: {len(clean)} and {len(wrong)} lines")

    def run(self):
        self.make()
        self.fill()
        self.run_sql([
            "INSERT INTO fetched SELECT '2025-01-01 00:00:00+00'::timestamptz + g * interval '1 s', "
            "decode(repeat('5c0a41', 2000), 'hex'), repeat('é', 4000), ('<a>' || repeat('x', 5000) || '</a>')::xml "
            "FROM generate_series(1, 3) g",
            "UPDATE fetched SET k = k + interval '1 day'",
        ])
        role = "CREATE ROLE {0} LOGIN REPLICATION; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}"
        self.psql(role.format("clean") + ";" + role.format("wrong"))
        superuser, at, database = self.source, self.source.split("@", 1)[1], self.source.rsplit("/", 1)[1]
        self.source = "postgresql://clean@" + at
        stream, snapshot = self.images(self.capture()), self.snapshot()
        fetched = [json.loads(line) for line in stream if '"fetched":["b","t","x"]' in line]
        if len(fetched) != 3:
            raise RuntimeError(f"{len(fetched)} of 3 rows were fetched")
        if len(stream) < 200 or len(snapshot) < 100:
            raise RuntimeError(f"too little: {len(stream)} lines, {len(snapshot)} rows")
        self.source = "postgresql://wrong@" + at

        def compare(where):
            say(f"wrong in {where}")
            self.same("stream", stream, self.images(self.capture()))
            self.same("snapshot", snapshot, self.snapshot())
            self.tool("cdc-capture", "--source", self.source, "--slot", "types", "--check")

        def settings(of):
            # One session: it keeps the settings that it began with.
            text = "".join(f"ALTER {of} SET {name} = {value if ', ' in value else repr(value)};"
                           for name, value in WRONG.items())
            self.tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", superuser, "-c", text)

        settings("ROLE wrong")
        compare("the role")
        clean = dict(self.env)
        self.env |= ENVIRONMENT
        compare("the role and in the environment")
        self.env = clean
        self.tool("psql", "-X", "-q", "-d", superuser, "-c", "ALTER ROLE wrong RESET ALL")
        settings(f"DATABASE {database}")
        compare("the database")


if __name__ == "__main__":
    bed.main(Test, Test.run)
