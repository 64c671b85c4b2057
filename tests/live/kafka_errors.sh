#!/usr/bin/env bash
# What goes wrong is told clearly, with the right exit status, and nothing is lost by it.
# Pain 41: a row larger than max.message.bytes.
. "$(dirname "$0")/lib.sh"
start kafka
B=$CDC_TEST_KAFKA_BROKERS
K="--brokers $B"
lines() { "$HERE/kafka_lines.py" "$@"; }
consume() { cdc-consume --brokers "$B" --exit-at-end "$@" 2>con.err; }

say "no broker"
expect_exit 1 cdc-publish --brokers 127.0.0.1:1 --prefix e --connect-timeout 2s </dev/null 2>err
expect_words err "no Kafka broker answers within 2 s"
expect_words err "Connection refused"
! grep -q "security.protocol" err || fail "TLS is blamed"
expect_exit 1 cdc-consume --brokers 127.0.0.1:1 --topics e --connect-timeout 2s 2>err
expect_words err "no Kafka broker answers"

say "login and rights"
printf 'security.protocol=sasl_plaintext\nsasl.mechanism=PLAIN\nsasl.username=admin\nsasl.password=pa55-mistaken\n' >wrong.properties
sed 's/pa55-mistaken/admin-secret/' wrong.properties >admin.properties
sed 's/pa55-mistaken/guest-secret/; s/=admin$/=guest/' wrong.properties >guest.properties
lines --rows 5 >in.ndjson
expect_exit 4 cdc-publish --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config wrong.properties --prefix sasl <in.ndjson 2>err
expect_words err "uthentication"
expect_words err "Look at sasl.username"
grep -q pa55 err && fail "the password is shown"
expect_exit 4 cdc-publish --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config guest.properties --prefix sasl <in.ndjson 2>err
expect_words err "uthorization"
expect_exit 0 cdc-publish --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config admin.properties --prefix sasl <in.ndjson 2>err
expect_exit 4 cdc-consume --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config wrong.properties --topics sasl.public.t0 --exit-at-end 2>err
expect_exit 4 cdc-consume --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config guest.properties --topics sasl.public.t0 --exit-at-end 2>err
expect_exit 4 cdc-consume --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config guest.properties --topics sasl.public.t0 --group g --exit-at-end 2>err
expect_words err "uthorization"
expect "with a login" "$(cdc-consume --brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config admin.properties --topics sasl.public.t0 --exit-at-end 2>err | grep -c '^{"key')" 5

say "a user who may read topics, and look for no group"
"$("$ROOT/scripts/install-deps" --print-python)" - "$CDC_TEST_KAFKA_SASL_BROKERS" <<'PY'
import sys
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType
admin = AdminClient({"bootstrap.servers": sys.argv[1], "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
                     "sasl.username": "admin", "sasl.password": "admin-secret"})
rights = [(ResourceType.TOPIC, "few.", operation) for operation in (AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE)]
rights.append((ResourceType.TRANSACTIONAL_ID, "cdc-publish.few", AclOperation.WRITE))
for kind, name, operation in rights:
    binding = AclBinding(kind, name, ResourcePatternType.PREFIXED, "User:guest", "*", operation, AclPermissionType.ALLOW)
    for future in admin.create_acls([binding]).values():
        future.result()
PY
few=(--brokers "$CDC_TEST_KAFKA_SASL_BROKERS" --kafka-config guest.properties)
for how in "" --exactly-once; do # reads back what stands in topics
    # shellcheck disable=SC2086
    expect_exit 0 cdc-publish "${few[@]}" --prefix few $how <in.ndjson 2>err
    ! grep -q "uthorization" err || fail "$(grep "uthorization" err)"
done
expect "without a group" "$(cdc-consume "${few[@]}" --topics few.public.t0 --exit-at-end 2>err | grep -c '^{"key')" 10
expect_exit 4 cdc-consume "${few[@]}" --topics few.public.t0 --group few --exit-at-end 2>err
expect_words err "Group authorization failed"

say "TLS"
tls=(-X security.protocol=ssl -X ssl.ca.location="$CDC_TEST_KAFKA_CA")
expect_exit 0 cdc-publish --brokers "$CDC_TEST_KAFKA_TLS_BROKERS" "${tls[@]}" --prefix tls <in.ndjson 2>err
expect "over TLS" "$(cdc-consume --brokers "$CDC_TEST_KAFKA_TLS_BROKERS" "${tls[@]}" --topics tls.public.t0 --exit-at-end 2>err | grep -c '^{"key')" 5
expect_exit 4 cdc-publish --brokers "$CDC_TEST_KAFKA_TLS_BROKERS" -X security.protocol=ssl --prefix tls --connect-timeout 30s <in.ndjson 2>err
expect_words err "certificate"
expect_exit 1 cdc-publish --brokers "$CDC_TEST_KAFKA_TLS_BROKERS" --prefix tls --connect-timeout 2s <in.ndjson 2>err
expect_words err "If the port wants TLS or a login: -X security.protocol=ssl"

say "--table-options by the database of MySQL; one that meets no table is told, where a topic is made"
sed 's/"schema":"public",//; s/"connector":"postgresql"/"connector":"mysql"/' in.ndjson >mysql.ndjson
for try in 1 2; do
    expect_exit 0 cdc-publish --brokers "$B" --prefix options --table-options 'inventory.t?:partitions=3' \
        --table-options 'inventory.tt0:partitions=2' <mysql.ndjson 2>err
    expect "warnings in run $try" "$(grep -c "warning: --table-options" err)" $((2 - try))
    [ $try = 2 ] || expect_words err "--table-options 'inventory.tt0' has met no table so far; did you mean 'inventory.t0'?"
done
expect "partitions" "$("$HERE/kafka_admin.py" "$B" partitions options.inventory.t0)" 3

say "names of topics that Kafka takes for the same, and times that it does not take, are refused"
expect_exit 0 cdc-publish --brokers "$B" --prefix same_name <in.ndjson 2>err
expect_exit 4 timeout 30 cdc-publish --brokers "$B" --prefix same.name <in.ndjson 2>err
expect_words err "collides with existing topic"
expect_words err "give another --prefix or --topic"
jq -c 'if .source then .source.ts_ms += 7200000 else . end' in.ndjson >future.ndjson
expect_exit 4 cdc-publish --brokers "$B" --prefix future --topic-config message.timestamp.after.max.ms=3600000 <future.ndjson 2>err
expect_words err "message.timestamp.after.max.ms"
say "changes that are older than their topic keeps records are told"
jq -c 'if .source then .source.ts_ms -= 864000000 else . end' in.ndjson >past.ndjson
expect_exit 0 cdc-publish --brokers "$B" --prefix past --retention 9d <past.ndjson 2>err
expect "warnings" "$(grep -c "topic 'past.public.t0' keeps records for 216 h by their time" err)" 1
expect_exit 0 cdc-publish --brokers "$B" --prefix past2 --retention 11d <past.ndjson 2>err
expect_exit 0 cdc-publish --brokers "$B" --prefix past3 --retention forever <past.ndjson 2>>err
expect_exit 0 cdc-publish --brokers "$B" --prefix past4 --retention 1d <in.ndjson 2>>err
! grep -q "keeps records" err || fail "$(grep "keeps records" err)"

say "a compacted topic takes no table lines"
expect_exit 2 cdc-publish --brokers "$B" --prefix compacted --cleanup-policy compact <in.ndjson 2>err
expect_exit 5 cdc-publish --brokers "$B" --prefix compacted --table-options 'public.t0:cleanup-policy=compact' <in.ndjson 2>err
expect_words err "topic 'compacted.public.t0' is compacted, and takes no record without key"
expect_exit 0 cdc-publish --brokers "$B" --prefix compacted2 --cleanup-policy compact --envelope payload <in.ndjson 2>err

say "a message that is too large is a dead letter too"
number=0
for size in 10 2000000 10; do
    printf '{"key":{"prefix":"o"},"before":null,"after":null,"message":{"transactional":true,"prefix":"o","content":"%s"},"source":{"connector":"postgresql","ts_ms":%s000,"db":"i","schema":"","table":"","order":"00010000000000000%03d000000000001"},"op":"m","ts_ms":1}\n' \
        "$(head -c $size /dev/zero | tr '\0' A)" "$(date +%s)" $((++number))
done >messages.ndjson
expect_exit 5 cdc-publish --brokers "$B" --prefix message <messages.ndjson 2>err
expect_words err "max.message.bytes is"
expect_exit 0 cdc-publish --brokers "$B" --prefix message2 --on-error dead-letter <messages.ndjson 2>err
expect "messages" "$(consume --topics message2.message | grep -c '^{"key')" 2
expect "dead letters" "$(consume --topics message2.dead-letter | grep -c '^{"dead_letter')" 1

say "checkpoint lines of a snapshot of many tables are longer than records of other topics may be"
jq -nc '[range(20000) | {schema: "inventory", table: "orders\(.)", oid: ., rows: 200000, done: true}]' >progress.json
jq -c --slurpfile progress progress.json 'if .checkpoint then .checkpoint.snapshot = {seq: 1, tables: $progress[0]} else . end' \
    in.ndjson >snapshot.ndjson
for way in "" --exactly-once --marks; do
    # shellcheck disable=SC2086
    expect_exit 0 cdc-publish --brokers "$B" --prefix "long$way" $way --checkpoint long.json <snapshot.ndjson 2>err
    expect "checkpoint" "$(cat long.json)" "$(grep '^{"checkpoint' snapshot.ndjson | tail -n 1)"
done

say "flat rows are no records of side topics, whatever their first column is called"
for column in status order table ts_ms transaction checkpoint dead_letter snapshot; do
    sed "s/\"id\":/\"$column\":/g; s/\"name\":\"id\"/\"name\":\"$column\"/" in.ndjson |
        cdc-publish --brokers "$B" --prefix "flat-$column" --envelope flat 2>err || fail "cdc-publish"
    expect_exit 5 consume --topics "flat-$column.public.t0" >lines
    expect "lines of $column" "$(grep -vc '^{"checkpoint":{' lines)" 0
done

say "a record that is too large"
lines --rows 20 --checkpoint-every 1 >small.ndjson
lines --rows 1 --first 22 --keys 1000 --pad 200000 >large.ndjson
lines --rows 10 --first 23 --checkpoint-every 1 >after.ndjson
(cat small.ndjson; grep '^{"key' large.ndjson; cat after.ndjson) >in.ndjson
# shellcheck disable=SC2086
expect_exit 5 cdc-publish $K --prefix big --topic-config max.message.bytes=100000 --checkpoint big.json <in.ndjson 2>err
expect_words err "the record of 200"
expect_words err "with key '{\"id\":22}'"
expect_words err "max.message.bytes is 100000"
expect "confirmed before it" "$(jq -r .checkpoint.position big.json 2>/dev/null || echo none)" "$(grep '^{"check' small.ndjson | tail -n 1 | jq -r .checkpoint.position)"
expect "sent before it" "$(consume --topics big.public.t0 | grep -c '^{"key')" 20
# shellcheck disable=SC2086
expect_exit 0 cdc-publish $K --prefix big2 --topic-config max.message.bytes=100000 --on-error dead-letter --checkpoint big2.json <in.ndjson 2>err
expect "all others" "$(consume --topics big2.public.t0 | grep -c '^{"key')" 30
kcat -q -b "$B" -C -t big2.dead-letter -e >letter
expect "dead letter" "$(jq -c '[.dead_letter.code,.dead_letter.tool,.dead_letter.line_number]' letter)" '[5,"cdc-publish",42]'
expect "its bytes" "$(jq -r .dead_letter.bytes letter | base64 -d)" "$(grep '^{"key' large.ndjson)"
expect "checkpoint" "$(cat big2.json)" "$(tail -n 1 after.ndjson)"
# shellcheck disable=SC2086
expect_exit 0 cdc-publish $K --prefix big3 --topic-config max.message.bytes=100000 --on-error dead-letter --dead-letter letters <in.ndjson 2>err
expect "dead letter file" "$(jq -r .dead_letter.line_number letters)" 42

say "records that are too large together"
lines --rows 3000 --keys 1000 >in.ndjson
# shellcheck disable=SC2086
expect_exit 0 cdc-publish $K --prefix batch --table-options 'public.*:max.message.bytes=20000' <in.ndjson 2>err
expect "all of them" "$(consume --topics batch.public.t0 | grep -c '^{"key')" 3000
lines --rows 3000 --keys 1000 --first 3001 >in.ndjson
# shellcheck disable=SC2086
expect_exit 5 cdc-publish $K --prefix batch <in.ndjson 2>err # it does not know before it is too late
expect_words err "topic 'batch.public.t0' takes batches of at most 20000 bytes"
expect_words err "-X batch.size=20000"
# shellcheck disable=SC2086
expect_exit 0 cdc-publish $K --prefix batch -X batch.size=20000 <in.ndjson 2>err

say "lines that are none"
printf '%s\n' 'hello' >>small.ndjson
# shellcheck disable=SC2086
expect_exit 5 cdc-publish $K --prefix bad <small.ndjson 2>err
expect_words err "line 42: not a JSON object"
printf '{"key":{"id":1},' >torn
# shellcheck disable=SC2086
expect_exit 1 cdc-publish $K --prefix bad <torn 2>err
expect_words err "ends inside line 1"

say "settings"
# shellcheck disable=SC2086
expect_exit 2 cdc-publish $K --prefix x --compression rar </dev/null 2>err
# shellcheck disable=SC2086
expect_exit 2 cdc-publish $K --prefix x -X compression.codec=rar </dev/null 2>err
# shellcheck disable=SC2086
expect_exit 2 cdc-publish $K --prefix x -X acks=1 </dev/null 2>err
# shellcheck disable=SC2086
expect_exit 4 cdc-publish $K --prefix rep --replication 3 <small.ndjson 2>err
expect_words err "cannot create topic 'rep.public.t0'"
# shellcheck disable=SC2086
expect_exit 4 cdc-publish $K --prefix nc --no-create <small.ndjson 2>err
expect_words err "there is no topic 'nc.public.t0'"
lines --rows 3 >in.ndjson
# shellcheck disable=SC2086
expect_exit 0 cdc-publish $K --prefix big --partitions 7 --retention 1d <in.ndjson 2>err
expect_words err "topic 'big.public.t0' is left as it is: 1 partitions, not 7; retention.ms 604800000, not 86400000"
# shellcheck disable=SC2086
expect_exit 4 cdc-consume $K --topics nowhere --exit-at-end 2>err
expect_words err "there is no topic 'nowhere'"

say "topics and patterns that nobody has"
consume --topics big.public.t0 >big || fail "cdc-consume"
for group in "" "--group typo"; do
    # shellcheck disable=SC2086
    expect_exit 4 cdc-consume $K $group --topics big.public.to --until-idle 1s 2>err
    expect_words err "there is no topic 'big.public.to'"
    expect_words err "Did you mean 'big.public.t0'?"
    # shellcheck disable=SC2086
    expect_exit 4 cdc-consume $K $group --topics big.public.t0 --topics 'gib.*' --until-idle 1s 2>err
    expect_words err "no topic matches 'gib.*'"
    # shellcheck disable=SC2086
    expect "the others, with '$group'" "$(cdc-consume $K $group --from beginning --topics 'gib.*,bi?.[a-z]*.t0' --allow-no-match --until-idle 8s 2>err | grep -c '^{"key')" "$(grep -c '^{"key' big)"
    expect_words err "warning: no topic matches 'gib.*'"
done
say "a reader that leaves: quiet where nothing was to be confirmed"
mkfifo gone
for file in "" state.json; do
    exec 6<>gone 7>gone 6<&-
    # shellcheck disable=SC2086
    expect_exit 1 cdc-consume $K --topics big.public.t0 ${file:+--checkpoint $file} --exit-at-end >&7 2>err
    exec 7>&-
    expect "what is said with '$file'" "$(grep -c 'its reader is gone' err || true)" "$([ -z "$file" ] && echo 0 || echo 1)"
done
# shellcheck disable=SC2086
expect "an end where there is nothing" "$(timeout 20 cdc-consume $K --topics 'gib.*' --allow-no-match --exit-at-end 2>err | grep -vc '^{"checkpoint')" 0

say "two tables, one topic"
sed 's/"table":"t0"/"table":"t 0"/' in.ndjson >other.ndjson
# shellcheck disable=SC2086
expect_exit 4 cdc-publish $K --prefix col --topic '{prefix}.{table}' < <(sed 's/"table":"t0"/"table":"t_0"/' in.ndjson; cat other.ndjson) 2>err
expect_words err "would be shared"
for envelope in plain payload flat; do
    sed 's/"table":"t0"/"table":"t_0"/' in.ndjson >owner.ndjson
    # shellcheck disable=SC2086
    expect_exit 0 cdc-publish $K --prefix "col-$envelope" --envelope $envelope <owner.ndjson 2>err
    for try in 1 2; do # in another run, which leaves no trace
        # shellcheck disable=SC2086
        expect_exit 4 cdc-publish $K --prefix "col-$envelope" --envelope $envelope <other.ndjson 2>err
        expect_words err "topic 'col-$envelope.public.t_0' would be shared by table 'inventory.public.t 0' and table 'inventory.public.t_0'"
    done
    # shellcheck disable=SC2086
    expect_exit 0 cdc-publish $K --prefix "col-$envelope" --envelope $envelope <owner.ndjson 2>err
done
# By the topic's own records, where another prefix, or no table line, keeps schema-changes silent.
# shellcheck disable=SC2086
expect_exit 4 cdc-publish $K --prefix nobody --topic 'col-plain.{schema}.{table}' <other.ndjson 2>err
expect_words err "would be shared"
# shellcheck disable=SC2086
grep '^{"key' owner.ndjson | expect_exit 0 cdc-publish $K --prefix untold 2>err
# shellcheck disable=SC2086
grep '^{"key' other.ndjson | expect_exit 4 cdc-publish $K --prefix untold 2>err
expect_words err "would be shared"
# shellcheck disable=SC2086
sed 's/"db":"inventory"/"db":"other"/' owner.ndjson | expect_exit 4 cdc-publish $K --prefix col-plain 2>err
expect_words err "would be shared by table 'other.public.t_0'"

say "records that are no change"
for value in hello '{"a":1}' '[]' '{"op":"c"}'; do
    topic=odd$((n = ${n:-0} + 1))
    (echo "$value"; echo '{"after":{"id":1},"source":{"table":"t","lsn":1},"op":"c"}') | kcat -q -b "$B" -P -t "$topic" -p 0
    # shellcheck disable=SC2086
    expect_exit 5 cdc-consume $K --topics "$topic" --exit-at-end >out 2>err
    expect_words err "topic '$topic' partition 0 offset 0"
    rm -f letters
    # shellcheck disable=SC2086
    expect_exit 0 cdc-consume $K --topics "$topic" --exit-at-end --on-error dead-letter --dead-letter letters >out 2>err
    expect "after the dead letter" "$(grep -c '^{"key' out)" 1
    expect "dead letter" "$(jq -r .dead_letter.bytes letters | base64 -d)" "$value"
done

say "a record whose bytes were changed on the broker's disk"
lines --rows 30 --checkpoint-every 1 >crc.ndjson
# shellcheck disable=SC2086
expect_exit 0 cdc-publish $K --prefix crc -X batch.num.messages=1 <crc.ndjson 2>err
segment=$(echo "$CDC_SERVICES_DIR"/kafka/data/crc.public.t0-0/*0.log)
at=$(grep -abo '"n":20,' "$segment" | sed -n 1p | cut -d: -f1)
printf '9' | dd of="$segment" bs=1 seek=$((at + 4)) conv=notrunc 2>/dev/null
# shellcheck disable=SC2086
expect_exit 5 cdc-consume $K --topics crc.public.t0 --exit-at-end >out 2>err
expect_words err "cannot read topic 'crc.public.t0' partition 0 at offset"
[ "$(grep -c '^{"key' out)" -le 19 ] || fail "lines behind the damaged record were written"

say "checkpoint files of others"
grep '^{"check' in.ndjson | tail -n 1 >postgres.json
# shellcheck disable=SC2086
expect_exit 4 cdc-consume $K --topics big.public.t0 --checkpoint postgres.json --exit-at-end 2>err
expect_words err "is of a postgres source"
consume --topics big.public.t0 | tail -n 1 >alone.json
# shellcheck disable=SC2086
expect_exit 4 cdc-consume $K --topics big.public.t0 --group g --checkpoint alone.json --exit-at-end 2>err
expect_words err "is of group '', not 'g'"
sed 's/"server":"[^"]*"/"server":"other"/' alone.json >cluster.json
# shellcheck disable=SC2086
expect_exit 4 cdc-consume $K --topics big.public.t0 --checkpoint cluster.json --exit-at-end 2>err
expect_words err "Kafka cluster 'other'"
sed 's/:0=[0-9]*/:0=99999/' alone.json >far.json
# shellcheck disable=SC2086
expect_exit 3 cdc-consume $K --topics big.public.t0 --checkpoint far.json --exit-at-end 2>err

say "a closed output"
# shellcheck disable=SC2086
{ cdc-consume $K --topics big.public.t0 --until-idle 5s 2>err || echo $? >code; } | true
expect "exit status" "$(cat code)" 1

say "the broker is away for a while: everything arrives, once"
mkfifo pipe
# shellcheck disable=SC2086
cdc-publish $K --prefix away --checkpoint away.json <pipe 2>pub.err &
publisher=$!
exec 7>pipe
lines --rows 100 --keys 50 >a.ndjson
lines --rows 100 --keys 50 --first 101 >b.ndjson
cat a.ndjson >&7
wait_until 20 grep -q "$(tail -n 1 a.ndjson | jq -r .checkpoint.order)" away.json
"$ROOT/scripts/services" kill kafka 2>/dev/null
cat b.ndjson >&7
sleep 1
expect "nothing is confirmed" "$(cat away.json)" "$(tail -n 1 a.ndjson)"
"$ROOT/scripts/services" start kafka 2>/dev/null
wait_until 60 grep -q "$(tail -n 1 b.ndjson | jq -r .checkpoint.order)" away.json
exec 7>&-
code=0
wait $publisher || code=$?
expect "exit status" "$code" 0
consume --topics away.public.t0 | grep '^{"key' | sort >out.sorted
cat a.ndjson b.ndjson | grep '^{"key' | sort | cmp - out.sorted || fail "lines differ"
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
say "the broker hangs: little CPU is taken meanwhile, a stop ends within --drain and confirms nothing"
lines --rows 20000 --pad 1000 --checkpoint-every 100000 >many.ndjson
for how in '' --exactly-once; do
    mkfifo "hang$how"
    # shellcheck disable=SC2086
    cdc-publish $K --prefix "hang$how" --drain 2s --queue 1MB --checkpoint "hang$how.json" $how <"hang$how" 2>"hang$how.err" &
    publisher=$!
    exec 7>"hang$how"
    head -n 2 many.ndjson >&7
    wait_until 30 kcat -q -b "$B" -C -t "hang$how.public.t0" -c 1 -e -X isolation.level=read_uncommitted
    sleep 1
    "$ROOT/scripts/services" pause kafka
    (timeout 20 tail -n +3 many.ndjson >&7) 2>/dev/null &
    sleep 1
    ticks=$(cpu_ticks $publisher)
    sleep 2
    [ $(($(cpu_ticks $publisher) - ticks)) -le 50 ] || fail "$(($(cpu_ticks $publisher) - ticks)) ticks of CPU while an answer is waited for"
    before=$SECONDS
    kill -TERM $publisher
    code=0
    wait $publisher || code=$?
    exec 7>&-
    "$ROOT/scripts/services" continue kafka
    expect "exit status with '$how'" "$code" 1
    [ $((SECONDS - before)) -le 15 ] || fail "the stop took $((SECONDS - before)) s"
    expect_words "hang$how.err" "within --drain"
    [ ! -e "hang$how.json" ] || fail "a checkpoint was written"
done
echo PASSED
