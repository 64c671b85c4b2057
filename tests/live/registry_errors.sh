#!/usr/bin/env bash
# A schema registry that is away, busy, slow, forbidding, asks for a login, or lost what it knew.
. "$(dirname "$0")/lib.sh"
start kafka
echo well >mode
"$HERE/registry_front.py" port mode &
wait_until 20 test -s port
URL=http://127.0.0.1:$(cat port)
FORMAT=avro
publish() { # PREFIX URL OPTION…
    # shellcheck disable=SC2086
    cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix "$1" --partitions 1 --format $FORMAT --registry "$2" "${@:3}" <lines.ndjson 2>pub.err
}
consume() { # TOPIC OPTION…
    cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics "$1" --registry "$URL" --exit-at-end "${@:2}" >out.ndjson 2>con.err
}
"$HERE/kafka_lines.py" --rows 20 --keys 5 >lines.ndjson
came() { # all of it, as it was
    cmp <(grep '^{"key' lines.ndjson | sort) <(grep '^{"key' out.ndjson | sort) || fail "changes differ"
}

for mode in broken busy; do
    say "$mode: asked again, for as long as was said"
    echo $mode >mode
    expect_exit 1 publish $mode "$URL" --registry-timeout 500ms
    expect_words pub.err "no answer of the schema registry"
    : >pub.err # what the one before said
    publish $mode "$URL" &
    publisher=$!
    wait_until 30 grep -q "does not answer: HTTP status" pub.err
    echo well >mode
    wait $publisher || fail "$(cat pub.err)"
    grep -q "answers again" pub.err || fail "$(cat pub.err)"
    consume $mode.public.t0 || fail "$(cat con.err)"
    came
done

say "a signal ends the waiting"
echo broken >mode
rm pub.err
cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix signal --format avro --registry "$URL" \
    --registry-timeout 600s --drain 0s <lines.ndjson 2>pub.err &
publisher=$!
wait_until 30 grep -q "does not answer" pub.err
kill -TERM $publisher
code=0
wait $publisher || code=$?
expect "exit status" $code 1
expect_words pub.err "stopped while"
echo well >mode

say "slow answers are waited for; of several servers the one that lives answers"
echo slow >mode
publish slow "$URL" || fail "$(cat pub.err)"
echo well >mode
publish second "http://127.0.0.1:1,$URL" || fail "$(cat pub.err)"
consume slow.public.t0 || fail "$(cat con.err)"
came

say "what the registry forbids only when it is asked to keep it is refused all the same"
echo forbidding >mode
expect_exit 4 publish forbid "$URL"
expect_words pub.err "this one breaks readers"

say "logins: by a password, by a token, from files that change"
host=${URL#http://}
echo wrong >password
echo user >mode
expect_exit 4 publish login "$URL"
expect_words pub.err "401"
expect_exit 4 publish login "http://alice@$host?passfile=$WORK/password"
echo wonder >password
publish login "http://alice@$host?passfile=$WORK/password" || fail "$(cat pub.err)"
publish login "http://alice:wonder@$host" || fail "$(cat pub.err)"
echo token >mode
echo s3cret >token
publish login "http://$host?tokenfile=$WORK/token" || fail "$(cat pub.err)"
grep -l 'wonder\|s3cret' ./*.err && fail "a secret is told"
echo well >mode

say "a registry that comes back empty: readers are told, and a publisher that starts registers anew"
publish empty "$URL" || fail "$(cat pub.err)"
echo lost >mode
expect_exit 5 consume empty.public.t0
expect_words con.err "is not in the registry"
publish other "$URL" || fail "$(cat pub.err)"
publish empty2 "$URL" || fail "$(cat pub.err)"
consume empty2.public.t0 || fail "$(cat con.err)"
came

say "and that gives their numbers to others: a record that was written by another schema is not read by this one"
shapes() { # VERSION NAME… : a table of these columns, and a row
    local version=$1 columns='{"name":"id","type":"integer","nullable":false,"key":1}' row='"id":1' name
    shift
    for name in "$@"; do
        columns+=",{\"name\":\"$name\",\"type\":\"integer\",\"nullable\":true}"
        row+=",\"$name\":$((++value))"
    done
    local source='"source":{"version":"1","connector":"postgresql","name":"s","ts_ms":1,"snapshot":"false","db":"d","schema":"public","table":"t0","order":"0001%016x000000000001"}'
    # shellcheck disable=SC2059
    printf "{\"table\":{\"name\":\"public.t0\",\"version\":\"$version\",\"columns\":[$columns]},$source,\"ts_ms\":1}\n" $value
    # shellcheck disable=SC2059
    printf "{\"key\":{\"id\":1},\"before\":null,\"after\":{$row},$source,\"op\":\"c\",\"ts_ms\":1}\n" $value
}
for FORMAT in avro protobuf json-schema; do
    for when in later while; do
        say "$FORMAT, $when"
        value=0
        again=again-$FORMAT-$when
        echo lost >mode
        shapes aaaaaaaaaaaaaaa1 a b >lines.ndjson
        publish "$again" "$URL" || fail "$(cat pub.err)"
        if [ $when = while ]; then
            rm -f out.ndjson
            cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics "$again.public.t0" --registry "$URL" >out.ndjson 2>con.err &
            reader=$!
            wait_until 30 grep -q '^{"key' out.ndjson
        fi
        echo lost >mode
        shapes aaaaaaaaaaaaaaa2 b a >lines.ndjson
        publish "$again" "$URL" || fail "$(cat pub.err)"
        if [ $when = while ]; then
            wait_until 30 eval '! kill -0 "$reader" 2>/dev/null'
            expect_exit 5 wait "$reader"
        else
            expect_exit 5 consume "$again.public.t0"
        fi
        expect_words con.err "the registry gave its number to another schema"
    done
done
echo PASSED
