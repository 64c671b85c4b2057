#!/usr/bin/env bash
# Records whose schemas refer to schemas of other subjects: Avro's named types, Protobuf's imports, $ref of JSON Schema.
. "$(dirname "$0")/lib.sh"
start kafka registry
PEER="$("$ROOT/scripts/install-deps" --print-python) $HERE/registry_writers.py"
echo well >mode
"$HERE/registry_front.py" port mode &
wait_until 20 test -s port
FRONT=http://127.0.0.1:$(cat port)
consume() { # REGISTRY TOPIC OPTION…
    cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --registry "$1" --topics "$2" --exit-at-end "${@:3}" >out.ndjson 2>con.err
}
register() { # SUBJECT TYPE TEXT [NAME SUBJECT VERSION]…: the schema's number at the front
    jq -nc --arg type "$2" --arg text "$3" '{schema: $text, schemaType: $type,
        references: [$ARGS.positional | _nwise(3) | select(length == 3) | {name: .[0], subject: .[1], version: (.[2] | tonumber)}]}' --args "${@:4}" |
        curl -sf -m 60 "$FRONT/subjects/$1/versions" -d @- | jq .id
}
send() { # TOPIC ID HEX
    printf '00%08x%s' "$2" "$3" | tr a-f A-F | basenc --base16 -d >value
    kcat -b "$CDC_TEST_KAFKA_BROKERS" -P -t "$1" value
}

for url in "$CDC_TEST_REGISTRY_URL" "$FRONT"; do
    topic=avro-${url##*:}
    topic=${topic%%/*}
    say "Avro whose row and source are types of other subjects ($url)"
    : >questions
    $PEER avro "$CDC_TEST_KAFKA_BROKERS" "$url" "$topic" "$ROOT/tests/data/avro/debezium-value.avsc" || fail "the peer"
    : >questions
    consume "$url" "$topic" || fail "$(cat con.err)"
    expect "rows" "$(grep '^{"key' out.ndjson | jq -c '[.key, .op, ((.after // .before)|[.id, .customer_id, .amount, .d, .created, .arr])]')" \
        '[{"id":7},"c",[7,"1152921504606846976","1234.56","2025-07-21","2025-07-21T10:00:00.123456",[1,null]]]
[{"id":7},"d",[7,"1152921504606846976","1234.56","2025-07-21","2025-07-21T10:00:00.123456",[1,null]]]'
    expect "types" "$(grep '^{"table' out.ndjson | jq -c '[.table.columns[]|select(.name|IN("id","amount","d"))|[.name,.type,.key]]')" \
        '[["id","bigint",1],["amount","numeric(12,2)",null],["d","date",null]]'
done
expect "each version is asked for once" "$(sort questions)" "GET schemas/ids/3
GET subjects/$topic-row/versions/1
GET subjects/$topic-source/versions/1"

say "JSON Schema with \$ref"
$PEER json "$CDC_TEST_KAFKA_BROKERS" "$CDC_TEST_REGISTRY_URL" refs-json "$ROOT/tests/data/avro/debezium-value.avsc" || fail "the peer"
consume "$CDC_TEST_REGISTRY_URL" refs-json || fail "$(cat con.err)"
expect "rows" "$(grep '^{"key' out.ndjson | jq -c '[.key, .op, ((.after // .before)|[.id, .customer_id, .arr])]')" \
    '[{"id":7},"c",[7,"1152921504606846976",[1,null]]]
[{"id":7},"d",[7,"1152921504606846976",[1,null]]]'

say "Protobuf whose file imports one that imports another"
register place PROTOBUF 'syntax = "proto3"; package x; message Place { string town = 1; }' >/dev/null
register row PROTOBUF 'syntax = "proto3"; package x; import "place.proto"; message Row { int32 id = 1; Place place = 2; }' \
    place.proto place 1 >/dev/null
id=$(register change PROTOBUF 'syntax = "proto3"; package x; import "row.proto"; message Source { string connector = 1; string db = 2; string table = 3; }
    message Change { Row after = 1; Source source = 2; string op = 3; }' row.proto row 1)
send refs-proto "$id" 0202"0a09080712050a03556c6d""120a0a0264621201641a0174""1a0163"
consume "$FRONT" refs-proto || fail "$(cat con.err)"
expect "row" "$(grep '^{"key' out.ndjson | jq -c '[.after, .op]')" '[{"id":7,"place":{"town":"Ulm"}},"c"]'

say "references that are missing, or lead to themselves, are named; a dead letter, and the rest goes on"
bad() { # TOPIC ID WORDS
    send "$1" "$2" 00
    expect_exit 5 consume "$FRONT" "$1"
    expect_words con.err "$3"
    consume "$FRONT" "$1" --on-error dead-letter --dead-letter "dead-$1" || fail "$(cat con.err)"
    expect "dead letters" "$(jq -r .dead_letter.reason "dead-$1" | grep -cF "$3")" 1
}
bad refs-gone "$(register gone-value AVRO '"x.Gone"' x.Gone gone 1)" \
    "refers to 'x.Gone', version 1 of subject 'gone', which is not in the registry"
register ring-a AVRO '"x.B"' x.B ring-b 1 >/dev/null
register ring-b AVRO '"x.A"' x.A ring-a 1 >/dev/null
bad refs-ring "$(register ring-value AVRO '["x.A"]' x.A ring-a 1)" \
    "has references that lead to themselves: 'x.A → x.B → x.A'"
bad refs-file "$(register file-value PROTOBUF 'import "gone.proto"; message M { x.Gone gone = 1; }')" \
    "unknown type 'x.Gone', nor is there the file that it imports: 'gone.proto'"
echo PASSED
