#!/usr/bin/env bash
# One value of 50 MB, as text, as text of which much is escaped (68 MB in lines, so that a reader's
# buffer of 64 MiB doubles once more), and as bytes: what its tools have in memory at most.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres clickhouse
create_db
TARGET=$CDC_TEST_CLICKHOUSE_URL
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${CDC_TEST_CLICKHOUSE_URL%/*}/?database=${TARGET##*/}"; }
for kind in text escaped bytes; do
    type=text
    [ $kind != bytes ] || type=bytea
    sql "CREATE TABLE $kind (id int PRIMARY KEY, v $type)"
    SLOT=$kind
    capture --tables "public.$kind" --create --exit-after-create 2>/dev/null
done
sql "INSERT INTO text VALUES (1, repeat('long text ', 5000000));
     INSERT INTO escaped VALUES (1, repeat('{\"a\": \"te\"}' || chr(10), 4000000));
     INSERT INTO bytes SELECT 1, string_agg(sha512(i::text::bytea), '' ORDER BY i) FROM generate_series(1, 781250) i"

holds() { # WHAT FILE LIMIT
    read -r seconds memory <"$2"
    echo "    $1: $seconds s, greatest resident size: $memory MB"
    [ "$memory" -le "$3" ] || fail "$1: $memory MB for a value of 50 MB; $3 MB is the limit"
}
say "three times the value are enough to capture it, of bytes as they come: two hex digits each"
for kind in text escaped bytes; do
    limit=150
    [ $kind != bytes ] || limit=230
    measured use cdc-capture --source "$(pg_url)" --slot $kind --tables "public.$kind" --peek --exit-at-end >$kind.lines 2>capture.err ||
        fail "cdc-capture"
    holds "cdc-capture, $kind" use $limit
done
say "three times the value are enough to load it"
for kind in text escaped bytes; do
    measured use cdc-load --target "$TARGET" <$kind.lines 2>load.err || fail "cdc-load"
    holds "cdc-load, $kind" use 150
done
say "and both hold when such rows follow each other"
sql "INSERT INTO escaped SELECT g, repeat('{\"a\": \"te\"}' || chr(10), 4000000) FROM generate_series(2, 4) g"
measured use cdc-capture --source "$(pg_url)" --slot escaped --tables public.escaped --peek --exit-at-end >four.lines 2>capture.err ||
    fail "cdc-capture"
holds "cdc-capture, four rows" use 220
expect "four rows" "$(grep -c '"op":"c"' four.lines)" 4
say "and it arrives whole"
for kind in text escaped bytes; do
    column=v
    [ $kind != bytes ] || column="encode(v, 'hex')"
    stored=v
    [ $kind != bytes ] || stored="lower(hex(v))"
    expect "$kind" "$(ch "SELECT lower(hex(MD5($stored))) FROM $kind")" "$(sql "SELECT md5($column) FROM $kind WHERE id = 1")"
done
say 'all passed'
