#!/usr/bin/env bash
# Records whose headers name their schemas, by GUID or by number: nothing stands in front of the payload.
. "$(dirname "$0")/lib.sh"
start kafka
PYTHON=$("$ROOT/scripts/install-deps" --print-python)
echo well >mode
"$HERE/registry_front.py" port mode &
wait_until 20 test -s port
FRONT=http://127.0.0.1:$(cat port)
write() { # avro|json TOPIC
    "$PYTHON" "$HERE/registry_writers.py" "$1" "$CDC_TEST_KAFKA_BROKERS" "$FRONT" "$2" \
        "$ROOT/tests/data/avro/debezium-value.avsc" headers || fail "the peer"
}
raw() { # TOPIC VALUE [HEADER=VALUE…]
    "$PYTHON" "$HERE/registry_writers.py" raw "$CDC_TEST_KAFKA_BROKERS" "$@" || fail "the writer"
}
consume() { # TOPIC OPTION…
    cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics "$1" --exit-at-end "${@:2}" >out.ndjson 2>con.err
}
with_registry() { consume "$1" --registry "$FRONT" "${@:2}"; }
register() { # SUBJECT TYPE TEXT: the schema's number
    jq -nc --arg type "$2" --arg text "$3" '{schema: $text, schemaType: $type}' |
        curl -sf -m 60 "$FRONT/subjects/$1/versions" -d @- | tee answer | jq .id
}
guid() { jq -r .guid answer | tr -d -; } # of the last one

say "Avro, whose first payload begins with a byte 0; its keys too; what the schemas refer to is asked for"
write avro avro
: >questions
with_registry avro || fail "$(cat con.err)"
expect "rows" "$(grep '^{"key' out.ndjson | jq -c '[.key, .op, ((.after // .before)|[.id, .customer_id, .amount, .d])]')" \
    '[{"id":7},"c",[7,"1152921504606846976","1234.56","2025-07-21"]]
[{"id":7},"d",[7,"1152921504606846976","1234.56","2025-07-21"]]'
expect "each schema is asked for once" "$(sed 's/ [^ ]*guids.*/ GUID/' questions | sort)" "GET GUID
GET GUID
GET subjects/avro-row/versions/1
GET subjects/avro-source/versions/1"

say "JSON Schema, which is read without a registry too"
write json json
with_registry json || fail "$(cat con.err)"
expect "rows" "$(grep '^{"key' out.ndjson | jq -c '[.key, .op, ((.after // .before)|[.id, .customer_id])]')" \
    '[{"id":7},"c",[7,"1152921504606846976"]]
[{"id":7},"d",[7,"1152921504606846976"]]'
raw plain "$(printf '{"before":null,"after":{"id":7},"source":{"connector":"postgresql","db":"d","schema":"s","table":"t"},"op":"c"}' | basenc --base16 -w 0)" \
    __value_schema_id=01"$(printf '%032d' 7)"
consume plain || fail "$(cat con.err)"
expect "row" "$(grep '^{"key' out.ndjson | jq -c '[.after, .op]')" '[{"id":7},"c"]'
expect_exit 5 with_registry plain
expect_words con.err "schema 00000000-0000-0000-0000-000000000007 is not in the registry"

say "Protobuf, whose path of message indexes stands in the header, by GUID and by number"
id=$(register change PROTOBUF 'syntax = "proto3"; package x; message Source { string connector = 1; string db = 2; string table = 3; }
    message Row { int32 id = 1; } message Change { Row after = 1; Source source = 2; string op = 3; }')
change=0a020807"120a0a0264621201641a0174""1a0163"
raw proto "$change" __value_schema_id=01"$(guid)"0204
raw proto "$change" "__value_schema_id=$(printf '00%08x' "$id")0204"
raw proto "$change" __value_schema_id=ff __value_schema_id=01"$(guid)"0204 # the last one counts
with_registry proto || fail "$(cat con.err)"
expect "rows" "$(grep '^{"key' out.ndjson | jq -c '[.after, .op]')" '[{"id":7},"c"]
[{"id":7},"c"]
[{"id":7},"c"]'

say "headers that lie: a stop, or a dead letter and the rest goes on"
bad() { # TOPIC WORDS HEADER [VALUE]
    raw "$1" "${4:-$change}" "__value_schema_id=$3"
    expect_exit 5 with_registry "$1"
    expect_words con.err "$2"
    with_registry "$1" --on-error dead-letter --dead-letter "dead-$1" || fail "$(cat con.err)"
    expect "dead letters" "$(jq -r .dead_letter.reason "dead-$1" | grep -cF "$2")" 1
}
bad h-empty "header __value_schema_id, of 0 bytes, has no id of a schema" ""
bad h-short "header __value_schema_id, of 16 bytes, has no id of a schema" "01$(guid | cut -c 3-)"
bad h-kind "header __value_schema_id, of 17 bytes, has no id of a schema" "02$(guid)"
bad h-unknown "schema 01010101-0101-0101-0101-010101010101 is not in the registry" "01$(printf '01%.0s' {1..16})"
bad h-number "schema id 4000 is not in the registry" 0000000fa0
bad h-path "the Protobuf bytes end 1 bytes early" "01$(guid)"
bad h-beyond "the schema has no message of index 9" "01$(guid)0212"
bad h-long "the header with the id of a schema has 1 bytes too many" "01$(guid)020400"
register lie AVRO '{"type":"record","name":"M","fields":[{"name":"before","type":["null","int"]}]}' >/dev/null
bad h-avro "the header with the id of a schema has 2 bytes too many" "01$(guid)0204" 00
bad h-avro-bytes "Avro" "01$(guid)" ""

say "without a registry, and one that knows no GUIDs"
expect_exit 5 consume avro
expect_words con.err "of a registry" "--registry"
echo old >mode
expect_exit 4 with_registry avro --on-error dead-letter --dead-letter dead-old
expect_words con.err "has no look-up by GUID" "from version 8 on"
[[ ! -e dead-old ]] || fail "dead letters for what the registry cannot answer"
echo PASSED
