#!/usr/bin/env bash
# Avro, JSON Schema and Protobuf with a registry: lines come back byte by byte, the registry's own client reads
# ours and is read by us, schemas evolve, and records that lie stop or are parked.
. "$(dirname "$0")/lib.sh"
start kafka registry
K="--brokers $CDC_TEST_KAFKA_BROKERS"
R="--registry $CDC_TEST_REGISTRY_URL"
PEER="$("$ROOT/scripts/install-deps" --print-python) $HERE/registry_peer.py"
rows=400
[ -n "$SOAK" ] && rows=100000

changes() { grep '^{"key' "$1" | LC_ALL=C sort; }
shape() { grep '^{"table' "$1" | jq -c .table | sort -u; }
publish() { # PREFIX OPTION…
    local prefix=$1
    shift
    # shellcheck disable=SC2086
    cdc-publish $K $R --prefix "$prefix" --partitions 1 --retention forever "$@"
}
consume() { # TOPIC OPTION…
    local topic=$1
    shift
    # shellcheck disable=SC2086
    cdc-consume $K $R --topics "$topic" --exit-at-end "$@"
}
registry() { curl -sf -m 60 "$CDC_TEST_REGISTRY_URL$1" "${@:2}"; }

$PEER lines >kinds.ndjson
"$HERE/kafka_lines.py" --rows $rows --keys 17 --tables 2 --truncates >many.ndjson
for format in avro json-schema protobuf; do
    say "$format: changes and shapes come back byte by byte; the registry's client reads them"
    publish k-$format --format $format <kinds.ndjson 2>pub.err || fail "cdc-publish: $(cat pub.err)"
    consume k-$format.public.kinds >out.ndjson 2>con.err || fail "cdc-consume: $(cat con.err)"
    cmp <(changes kinds.ndjson) <(changes out.ndjson) || fail "changes differ"
    cmp <(shape kinds.ndjson) <(shape out.ndjson) || fail "shapes differ"
    kind=${format%-schema}
    $PEER read "$CDC_TEST_KAFKA_BROKERS" "$CDC_TEST_REGISTRY_URL" "$kind" k-$format.public.kinds >peer.ndjson || fail "the peer"
    expect "tombstones of the peer" "$(grep '^{"tombstone' peer.ndjson)" '{"tombstone":{"id":3}}'
    # In Avro and Protobuf every column is in every row, null where a line does not have it.
    grep '^{"key' kinds.ndjson | jq -cS --arg kind "$kind" '. as $line | def full: if . == null or $kind == "json" then . else
        ({id:null,flag:null,small:null,price:null,free:null,wide:null,narrow:null,body:null,day:null,clock:null,
          local:null,zoned:null,list:null,"odd-name":null} + .) end;
        {key, op, before: (.before|full), after: (.after|full), unchanged, order: .source.order}' >wanted.ndjson
    grep '^{"key' peer.ndjson | jq -cS . | diff wanted.ndjson - || fail "the peer reads something else"

    publish m-$format --format $format <many.ndjson 2>pub.err || fail "cdc-publish: $(cat pub.err)"
    consume "^m-$format[.]public[.]" >out.ndjson 2>con.err || fail "cdc-consume: $(cat con.err)"
    cmp <(changes many.ndjson) <(changes out.ndjson) || fail "changes of many rows differ"
done
expect "subjects" "$(registry /subjects | jq -r '.[]' | grep -c '^k-avro.public.kinds-\(key\|value\)$')" 2

say "the same in Kafka transactions, and with other names of subjects"
publish x --format avro --exactly-once --subjects topic-record <many.ndjson 2>pub.err || fail "$(cat pub.err)"
consume '^x[.]public[.]' >out.ndjson 2>con.err || fail "$(cat con.err)"
cmp <(changes many.ndjson) <(changes out.ndjson) || fail "changes in transactions differ"
registry /subjects | grep -q '"x.public.t0-x.public.t0.Envelope"' || fail "$(registry /subjects)"
publish y --format avro --subjects record <many.ndjson 2>pub.err || fail "$(cat pub.err)"
registry /subjects | grep -q '"y.public.t1.Key"' || fail "$(registry /subjects)"

say "from mark to mark, a reader has the snapshots too, and a cut behind rows of a snapshot that stand at the mark's own place"
"$HERE/kafka_lines.py" --rows 20 --keys 5 --tables 2 --whole >whole.ndjson
sed -n '/^{"table\|^{"snapshot\|"op":"r"/p; /"op":"c"/q' whole.ndjson >snapshot.ndjson
place=$(jq -r 'select(.op == "r") | .source.order' snapshot.ndjson | sort | tail -n 1)
grep -m 1 '^{"checkpoint' whole.ndjson | jq -c --arg order "$place" '.checkpoint.order = $order' >>snapshot.ndjson
publish w --format avro --marks --checkpoint w.json <snapshot.ndjson 2>pub.err || fail "$(cat pub.err)"
consume '^w[.](public[.]|snapshots$)' --prefix w --marks >out.ndjson 2>con.err || fail "$(cat con.err)"
expect "snapshot lines" "$(grep '^{"snapshot' out.ndjson)" "$(grep '^{"snapshot' snapshot.ndjson)"
expect "rows" "$(grep -c '"op":"r"' out.ndjson)" "$(grep -c '"op":"r"' snapshot.ndjson)"
expect "the cut" "$(grep '^{"checkpoint' out.ndjson | jq -r .checkpoint.order | sort -u)" "$place"

say "what Debezium's schemas describe, written by the registry's client, becomes lines"
$PEER write "$CDC_TEST_KAFKA_BROKERS" "$CDC_TEST_REGISTRY_URL" dbz.inventory.orders \
    "$ROOT/tests/data/avro/debezium-key.avsc" "$ROOT/tests/data/avro/debezium-value.avsc" || fail "the peer"
consume dbz.inventory.orders >out.ndjson 2>con.err || fail "$(cat con.err)"
expect "row" "$(grep -m1 '^{"key' out.ndjson | jq -c '[.key, .op, (.after|[.id, .customer_id, .amount, .d, .created, .qty, .arr])]')" \
    '[{"id":7},"c",[7,"1152921504606846976","1234.56","2025-07-21","2025-07-21T10:00:00.123456",null,[1,null]]]'
expect "types" "$(grep '^{"table' out.ndjson | jq -c '[.table.columns[]|select(.name|IN("id","amount","d","small"))|[.name,.type,.key]]')" \
    '[["id","bigint",1],["amount","numeric(12,2)",null],["d","date",null],["small","smallint",null]]'
expect "kinds of lines" "$(cut -c1-8 out.ndjson | sort | uniq -c | tr -s ' ' | grep -v check | tr '\n' ';')" ' 2 {"key":{; 1 {"table";'

say "ten ALTERs: a reader that starts anywhere has the shape that each change was written under"
"$HERE/kafka_lines.py" --rows 55 --keys 5 --alter 10 >alter.ndjson
for prefix in s-avro s-protobuf; do
    publish "$prefix" --format "${prefix#s-}" --no-tombstones <alter.ndjson 2>pub.err || fail "$(cat pub.err)"
    expect "versions" "$(registry /subjects/$prefix.public.t0-value/versions | jq length)" 11
    for ((offset = 0; offset < 55; offset += 9)); do
        consume "$prefix.public.t0" --from "$prefix.public.t0:0=$offset" >out.ndjson 2>con.err || fail "$(cat con.err)"
        python3 - out.ndjson $((55 - offset)) <<'PY' || fail "from offset $offset"
import json, sys
shape, changes = None, 0
for line in map(json.loads, open(sys.argv[1])):
    if "table" in line:
        shape = [c["name"] for c in line["table"]["columns"]]
    elif "op" in line:
        changes += 1
        assert line["after"] is None or list(line["after"]) == shape, (line, shape)
assert changes == int(sys.argv[2]), changes
PY
    done
done

say "a change that the registry forbids is refused with its words, before any record is sent"
"$HERE/kafka_lines.py" --rows 5 >first.ndjson
publish f --format avro <first.ndjson 2>pub.err || fail "$(cat pub.err)"
sed 's/"name":"n","type":"integer"/"name":"n","type":"boolean"/; s/"n":[0-9]*/"n":true/' first.ndjson >changed.ndjson
expect_exit 4 publish f --format avro <changed.ndjson 2>pub.err
expect_words pub.err "is not compatible with subject 'f.public.t0-value'"
expect "records" "$(consume f.public.t0 2>/dev/null | grep -c '^{"key')" 5
expect_words pub.err "RECORD at /fields/"
# This registry's rule of one subject cannot be weaker than the rule of all.
rule() { registry /config -X PUT -H 'Content-Type: application/json' -d "{\"compatibility\":\"$1\"}" >/dev/null; }
rule NONE
publish f --format avro <changed.ndjson 2>pub.err || fail "$(cat pub.err)"
rule BACKWARD
expect "records" "$(consume f.public.t0 2>/dev/null | grep -c '^{"key')" 10

say "--no-register looks up and registers nothing"
expect_exit 4 publish n --format avro --no-register <first.ndjson 2>pub.err
expect_words pub.err "is not registered under subject 'n.public.t0-key'"
publish f --format avro --no-register <changed.ndjson 2>pub.err || fail "$(cat pub.err)"

say "records that lie: an id that is nowhere, bytes that end early, no id at all, none to ask"
good=$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t f.public.t0 -o 0 -c 1 -e -f '%s' | basenc --base16 -w 0)
lies() { # NAME HEX WORDS
    printf '%s' "$2" | basenc --base16 -d >lie
    kcat -b "$CDC_TEST_KAFKA_BROKERS" -P -t "lie-$1" lie
    expect_exit 5 consume "lie-$1" >out.ndjson 2>con.err
    expect_words con.err "$3"
    consume "lie-$1" --on-error dead-letter --dead-letter "dead-$1" >out.ndjson 2>con.err || fail "$(cat con.err)"
    jq -r .dead_letter.bytes "dead-$1" | base64 -d | cmp - lie || fail "the dead letter is another"
}
lies unknown "0000FFFFFF${good:10}" "schema id 16777215 is not in the registry"
lies short "${good:0:60}" "bytes early"
lies long "${good}00" "behind the Avro value"
lies frame 000000 "too short for the id of a schema"
publish p --format protobuf <first.ndjson 2>pub.err || fail "$(cat pub.err)"
good=$(kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -C -t p.public.t0 -o 0 -c 1 -e -f '%s' | basenc --base16 -w 0)
lies proto-index "${good:0:10}0212${good:12}" "the schema has no message of index 9"
lies proto-short "${good:0:60}" "bytes early"
lies proto-empty "${good:0:10}" "bytes early"
# shellcheck disable=SC2086
expect_exit 5 cdc-consume $K --topics f.public.t0 --exit-at-end >out.ndjson 2>con.err
expect_words con.err "Give its URL: --registry"

say "a value that Avro cannot hold stops, or is parked and the rest goes on"
$PEER lines | sed 's/"price":"-0.01"/"price":"NaN"/' >odd.ndjson
expect_exit 5 publish o --format avro <odd.ndjson 2>pub.err
expect_words pub.err "'\"NaN\"' of 'price' has no form in Avro's decimal"
publish o2 --format avro --on-error dead-letter --dead-letter parked <odd.ndjson 2>pub.err || fail "$(cat pub.err)"
expect "parked" "$(wc -l <parked)" 2
expect "sent" "$(consume o2.public.kinds 2>/dev/null | grep -c '^{"key')" 4

say "wrong usage"
# shellcheck disable=SC2086
expect_exit 2 cdc-publish $K --prefix u --format avro </dev/null 2>pub.err
expect_words pub.err "--format avro needs --registry"
expect_exit 2 publish u --format avro --envelope flat </dev/null 2>pub.err
# shellcheck disable=SC2086
expect_exit 2 cdc-publish $K --prefix u --format avro --registry http://u:secret@h:x </dev/null 2>pub.err
grep -q secret pub.err && fail "the password is told: $(cat pub.err)"
echo PASSED
