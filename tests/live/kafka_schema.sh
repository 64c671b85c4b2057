#!/usr/bin/env bash
# A table altered ten times: a reader started at any record of the topic gets, before each change,
# the table line of the shape that this change was written under.
. "$(dirname "$0")/lib.sh"
start kafka
K="--brokers $CDC_TEST_KAFKA_BROKERS"
rows=55
[ -n "$SOAK" ] && rows=550

# Every change has exactly the columns of the table line before it.
check() {
    python3 - "$1" "$2" <<'PY'
import json, sys
columns, changes, tables = None, 0, 0
for line in open(sys.argv[1]):
    line = json.loads(line)
    if "table" in line:
        columns = [c["name"] for c in line["table"]["columns"]]
        tables += 1
    elif "op" in line:
        assert columns is not None, f"no table line before {line}"
        if line["after"]:
            assert list(line["after"]) == columns, (line["after"], columns)
        changes += 1
assert changes == int(sys.argv[2]), f"{changes} changes, not {sys.argv[2]}"
PY
}

"$HERE/kafka_lines.py" --rows $rows --keys 5 --alter 10 >in.ndjson
expect "shapes" "$(grep -c '^{"table' in.ndjson)" 11
# shellcheck disable=SC2086
cdc-publish $K --prefix s --partitions 1 <in.ndjson 2>pub.err || fail cdc-publish
kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t s.schema-changes -e -f '%k\n' | sort -u >versions
expect "versions kept" "$(wc -l <versions)" 11

say "from each offset of one partition"
kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t s.public.t0 -e -f '%o %k %S\n' >records
end=$(wc -l <records)
step=4
[ -n "$SOAK" ] && step=1
for ((offset = 0; offset < end; offset += step)); do
    wanted=$(awk -v from=$offset '$1 >= from && $2 != "" && NF == 3 && $3 >= 0' records | wc -l)
    # shellcheck disable=SC2086
    cdc-consume $K --topics s.public.t0 --from "s.public.t0:0=$offset" --exit-at-end >out.ndjson 2>con.err ||
        fail "from offset $offset"
    check out.ndjson "$wanted" || fail "from offset $offset"
done

say "from several partitions at once, whose changes come in another order"
# shellcheck disable=SC2086
cdc-publish $K --prefix s4 --partitions 4 <in.ndjson 2>pub.err || fail cdc-publish
# shellcheck disable=SC2086
cdc-consume $K --topics s4.public.t0 --exit-at-end >out.ndjson 2>con.err || fail cdc-consume
check out.ndjson $rows || fail "four partitions"

say "the table line is in schema-changes before the change is in its topic"
# Held up at the table line's topic, no change may overtake it: records' times of arrival say so.
expect "a version that is nowhere" "$(printf '%s' '{"before":null,"after":{"id":1},"source":{"db":"inventory","schema":"public","table":"t0","order":"000100000000000f0000000000000001"},"op":"c"}' |
    kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -P -t s.public.t0 -p 0 -k '{"id":1}' -H cdc.table-version=ffffffffffffffff -H cdc.order=000100000000000f0000000000000001 && echo sent)" sent
# shellcheck disable=SC2086
expect_exit 5 cdc-consume $K --topics s.public.t0 --exit-at-end >/dev/null 2>con.err
expect_words con.err "s.schema-changes' has no table line"
expect_words con.err "ffffffffffffffff"

say "a prefix with dots, and one given by name"
"$HERE/kafka_lines.py" --rows 4 >in.ndjson
# shellcheck disable=SC2086
cdc-publish $K --prefix a.b.c --topic 'odd-{table}' <in.ndjson 2>pub.err || fail cdc-publish
# shellcheck disable=SC2086
expect_exit 5 cdc-consume $K --topics odd-t0 --from odd-t0:0=2 --exit-at-end >/dev/null 2>con.err
expect_words con.err "Name it with --prefix"
# shellcheck disable=SC2086
cdc-consume $K --topics odd-t0 --from odd-t0:0=2 --prefix a.b.c --exit-at-end >out.ndjson 2>con.err || fail "with --prefix"
expect "table line" "$(grep -c '^{"table' out.ndjson)" 1
echo PASSED
