#!/usr/bin/env bash
# A table altered ten times: a reader started at any record of the topic gets, before each change,
# the table line of the shape that this change was written under.
. "$(dirname "$0")/lib.sh"
start kafka
K="--brokers $CDC_TEST_KAFKA_BROKERS"
rows=55
[ -n "$SOAK" ] && rows=550

# Every line of a table follows its table line, and every change has the columns, and the version
# where its note says one, of the last table line before it.
check() { # LINES CHANGES
    python3 - "$1" "$2" <<'PY'
import json, re, sys
shape, changes = None, 0
for line in open(sys.argv[1]):
    line = json.loads(line)
    if "table" in line:
        shape = line["table"]
    elif "checkpoint" not in line:
        assert shape is not None, f"no table line before {line}"
        row = line.get("after")
        if row:
            assert list(row) == [c["name"] for c in shape["columns"]], (row, shape)
            if re.fullmatch("[0-9a-f]{16}", row["note"]):
                assert row["note"] == shape["version"], (row, shape)
        changes += "op" in line
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

say "shapes that differ by a type alone, and come back; $rows rows, from each offset"
"$HERE/kafka_lines.py" --rows $rows --keys 5 --alter 10 --retype >in.ndjson
expect "shapes" "$(grep '^{"table' in.ndjson | jq -r .table.version | sort -u | wc -l)" 2
expect "table lines" "$(grep -c '^{"table' in.ndjson)" 11
for partitions in 1 4; do
    # shellcheck disable=SC2086
    cdc-publish $K --prefix rt$partitions --partitions $partitions <in.ndjson 2>pub.err || fail cdc-publish
    # shellcheck disable=SC2086
    cdc-consume $K --topics rt$partitions.public.t0 --exit-at-end >out.ndjson 2>con.err || fail cdc-consume
    check out.ndjson $rows || fail "$partitions partitions"
done
for ((offset = 0; offset < rows; offset += step)); do
    wanted=$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t rt1.public.t0 -o $offset -e -f '%k %S\n' | awk '$1 ~ /^{/ && $2 >= 0' | wc -l)
    # shellcheck disable=SC2086
    cdc-consume $K --topics rt1.public.t0 --from "rt1.public.t0:0=$offset" --exit-at-end >out.ndjson 2>con.err ||
        fail "from offset $offset"
    check out.ndjson "$wanted" || fail "from offset $offset"
done

say "a fresh snapshot, facts, a mark, truncates: whichever line a reader starts at, its table line is first"
"$HERE/kafka_lines.py" --rows 12 --keys 5 --whole --truncates >in.ndjson
grep -v '^{"checkpoint' in.ndjson >lines.ndjson
# shellcheck disable=SC2086
cdc-publish $K --prefix w --partitions 1 --no-tombstones <in.ndjson 2>pub.err || fail cdc-publish
for ((offset = 0; offset < $(wc -l <lines.ndjson); offset++)); do
    # shellcheck disable=SC2086
    cdc-consume $K --topics w.public.t0 --from "w.public.t0:0=$offset" --exit-at-end 2>con.err | grep -v '^{"checkpoint' >out.ndjson
    head -n 1 out.ndjson | grep -q '^{"table' || fail "no table line before what stands at offset $offset: $(head -n 1 out.ndjson)"
    tail -n +$((offset + 1)) lines.ndjson | grep -v '^{"table' | cmp - <(grep -v '^{"table' out.ndjson) || fail "from offset $offset"
done
for try in 1 2 3 4 5; do
    # shellcheck disable=SC2086
    cdc-publish $K --prefix w$try --partitions 3 <in.ndjson 2>pub.err || fail cdc-publish
    # shellcheck disable=SC2086
    cdc-consume $K --topics w$try.public.t0 --exit-at-end 2>con.err | grep -v '^{"checkpoint' >out.ndjson
    head -n 1 out.ndjson | grep -q '^{"table' || fail "no table line first in try $try: $(head -n 1 out.ndjson)"
    sort -u out.ndjson | cmp - <(sort -u lines.ndjson) || fail "other lines in try $try"
    cdc-load --target "$TARGET" --dry-run <out.ndjson >made.sql 2>load.err || fail "cdc-load --dry-run in try $try"
done

say "a table without key stands in one partition, in its order"
"$HERE/kafka_lines.py" --rows 12 --no-key --whole --truncates >in.ndjson
# shellcheck disable=SC2086
cdc-publish $K --prefix nokey --partitions 3 <in.ndjson 2>pub.err || fail cdc-publish
# shellcheck disable=SC2086
cdc-consume $K --topics nokey.public.t0 --exit-at-end 2>con.err | grep -v '^{"checkpoint' | uniq |
    cmp - <(grep -v '^{"checkpoint' in.ndjson) || fail "lines differ"

say "its snapshot that was read in part is read again from its begin line; one with keys goes on"
for prefix in nokey w; do
    # shellcheck disable=SC2086
    cdc-consume $K --topics $prefix.public.t0 --group hold --ack on-write --max-events 2 >part1 2>con.err || fail "first part"
    expect "rows of the first part" "$(grep -c '"op":"r"' part1)" 2
    # shellcheck disable=SC2086
    cdc-consume $K --topics $prefix.public.t0 --group hold --ack on-write --exit-at-end >part2 2>con.err || fail "second part"
    kinds=$(grep -v '^{"checkpoint' part2 | sed -n '1,5s/^{"\([a-z]*\)".*/\1/p' | paste -sd' ')
    case $prefix in
    nokey) expect "kinds" "$kinds" "table snapshot key key key" ;;
    w) expect "kinds" "$kinds" "table key snapshot mark key" ;;
    esac
done
# shellcheck disable=SC2086
cdc-consume $K --topics nokey.public.t0 --group hold --ack on-write --exit-at-end 2>con.err | grep -v '^{"checkpoint' >rest || true
expect "left behind the end line" "$(cat rest)" ""

say "a version that no record of schema-changes has is named"
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

say "a table line that each start of a capture says again is not younger than the changes behind it"
for envelope in plain payload; do
    for first in 1 30; do
        # shellcheck disable=SC2086
        "$HERE/kafka_lines.py" --rows 10 --first $first |
            cdc-publish $K --prefix "again-$envelope" --partitions 4 --envelope $envelope 2>pub.err || fail cdc-publish
    done
    for partition in 0 1 2 3; do
        # shellcheck disable=SC2086
        cdc-consume $K --topics "again-$envelope.public.t0" --from "again-$envelope.public.t0:$partition=1" --exit-at-end >out.ndjson 2>con.err ||
            fail "cdc-consume"
        expect "order of the first table line, $envelope" \
            "$(jq -r 'select(.source) | .source.order' out.ndjson | head -n 2 | sort -c && echo rises)" rises
    done
done
echo PASSED
