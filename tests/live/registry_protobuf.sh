#!/usr/bin/env bash
# Protobuf of the Python client: descriptors in place of texts, entries of maps that count as messages, files that
# nobody registers; by Apicurio, and by a front that has GUIDs.
. "$(dirname "$0")/lib.sh"
start kafka registry
PYTHON=$("$ROOT/scripts/install-deps" --print-python)
echo well >mode
"$HERE/registry_front.py" port mode &
wait_until 20 test -s port
FRONT=http://127.0.0.1:$(cat port)

check() { # REGISTRY TOPIC [headers]
    "$PYTHON" "$HERE/registry_descriptors.py" "$CDC_TEST_KAFKA_BROKERS" "$@" >written || fail "the peer"
    cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --registry "$1" --topics "$2" --exit-at-end >out.ndjson 2>con.err || fail "$(cat con.err)"
    expect "keys" "$(grep '^{"key' out.ndjson | jq -c .key)" '{"id":7}
{"id":7}'
    expect "values" "$(grep '^{"key' out.ndjson | jq -c '{before, after, op}')" "$(jq -c . written)"
}
for url in "$CDC_TEST_REGISTRY_URL" "$FRONT"; do
    topic=proto-${url##*:}
    say "descriptors and their imports ($url)"
    check "$url" "${topic%%/*}"
    curl -sf -m 60 "$url/subjects/${topic%%/*}-value/versions/latest" | jq -r .schema | base64 -d | grep -qa shop || fail "no descriptor was registered"
done
say "the path of message indexes in a header"
check "$FRONT" proto-headers headers
echo PASSED
