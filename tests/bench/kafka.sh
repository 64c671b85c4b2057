#!/usr/bin/env bash
# publish and consume against kcat, in pairs: kafka.sh BIN >ROWS (one JSON object a line).
# Same values, keys, length of headers, acks, idempotence and partitions; medians of the rounds.
set -euo pipefail
bin=$(cd "${1:-build/bin}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${CDC_BENCH_ROUNDS:-5}
rows=${CDC_BENCH_ROWS:-2000000}
work=$(mktemp -d "${TMPDIR:-/tmp}/cdc-bench-XXXXXX")
export CDC_SERVICES_DIR=$work/services
trap '"$root/scripts/services" stop --purge >/dev/null 2>&1; rm -rf "$work"' EXIT
"$root/scripts/services" start kafka >&2
eval "$("$root/scripts/services" env kafka)"
B=$CDC_TEST_KAFKA_BROKERS
cd "$work"

"$root/tests/live/kafka_lines.py" --rows 20000 --keys 20000 --pad 100 --checkpoint-every 1000000 |
    grep -v '"op":"d"\|^{"check' >some.ndjson
python3 - "$rows" <<'PY'
import sys
table, *changes = open("some.ndjson").read().splitlines()
lines, keyed = open("lines.ndjson", "w"), open("keyed.txt", "w")
lines.write(table + "\n")
for i in range(int(sys.argv[1])):
    line = changes[i % len(changes)]
    end = line.index('},"before"')
    lines.write(line + "\n")
    keyed.write(line[7:end + 1] + "\t{" + line[end + 2:] + "\n")
PY

seconds() { # COMMAND…: wall seconds
    local start end
    start=$(date +%s%N)
    "$@" >/dev/null
    end=$(date +%s%N)
    awk -v ns=$((end - start)) 'BEGIN { printf "%.3f\n", ns / 1e9 }'
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
report() { # WORK PEER OURS-FILE PEER-FILE TARGET
    awk -v work="$1" -v peer="$2" -v a="$(median "$3")" -v b="$(median "$4")" -v n="$rows" -v t="$5" 'BEGIN {
        printf "{\"work\":\"%s\",\"value\":%d,\"unit\":\"records/s\",\"peer\":\"%s\",\"peer_value\":%d,\"ratio\":%.2f,\"target\":%s}\n",
            work, n / a, peer, n / b, b / a, t }'
}

ours_publish() { "$bin/cdc-publish" --brokers "$B" --prefix "ours$1" --partitions 1 --no-tombstones --log-level error <lines.ndjson; }
peer_publish() {
    kcat -q -b "$B" -P -t "peer$1" -K $'\t' -X acks=all -X enable.idempotence=true -X partitioner=murmur2_random \
        -H cdc.table-version=0123456789abcdef -H cdc.order=00010000000000001008000000000001 -l keyed.txt
}
ours_consume() { "$bin/cdc-consume" --brokers "$B" --topics ours1.public.t0 --exit-at-end --log-level error; }
peer_consume() { kcat -q -b "$B" -C -t ours1.public.t0 -e -X check.crcs=true; }

for ((round = 1; round <= rounds; round++)); do
    seconds ours_publish "$round" >>ours.publish
    seconds peer_publish "$round" >>peer.publish
done
for ((round = 1; round <= rounds; round++)); do
    seconds ours_consume >>ours.consume
    seconds peer_consume >>peer.consume
done
report publish 'kcat -P -l' ours.publish peer.publish 1.0
report consume 'kcat -C -e' ours.consume peer.consume 1.0
