#!/usr/bin/env bash
# A ClickHouse older than 23.3 is refused with its version, and nothing is made in it.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
start clickhouse-server
lines "print(table('t', T, 'v1'))" >first
expect_exit 4 cdc-load --target "${CDC_TEST_CLICKHOUSE_SERVER_URL%/}" <first 2>load.err
expect_words load.err 'is ClickHouse 18.16.1, which is too old'
expect 'tables' "$(curl -sS "${CDC_TEST_CLICKHOUSE_SERVER_URL%/*}/?database=default" -d 'SHOW TABLES')" ''
say 'all passed'
