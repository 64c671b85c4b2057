#!/usr/bin/env bash
# Login by SCRAM over TLS to Kafka 4: in with the right password, out with a wrong one, by all tools. With
# a librdkafka that cannot, which Debian's is, the message leads out.
. "$(dirname "$0")/lib.sh"
start kafka
B=$CDC_TEST_KAFKA_SCRAM_BROKERS
lines() { "$HERE/kafka_lines.py" "$@"; }
login() { # FILE USER PASSWORD BITS
    printf '%s\n' security.protocol=sasl_ssl "ssl.ca.location=$CDC_TEST_KAFKA_CA" "sasl.mechanism=SCRAM-SHA-$4" \
        "sasl.username=$2" "sasl.password=$3" >"$1.properties"
}
login 256 admin admin-secret 256
login 512 admin512 admin512-secret 512
login wrong256 admin pa55-mistaken 256
login wrong512 admin512 pa55-mistaken 512
login other admin admin-secret 512 # a user without a password for this mechanism
login guest guest guest-secret 256
lines --rows 50 >in.ndjson
version=$(cdc-publish --version | sed 's/.*(librdkafka \(.*\))/\1/')
for tool in cdc-consume cdc-lag; do
    expect_words <("$tool" --version) "(librdkafka $version)"
done

# refused NAME: every tool, with its own exit status; no password is shown.
refused() {
    expect_exit 4 cdc-publish --brokers "$B" --kafka-config "$1.properties" --prefix no <in.ndjson 2>publish.err
    expect_exit 4 cdc-consume --brokers "$B" --kafka-config "$1.properties" --topics no.public.t0 --exit-at-end >out 2>consume.err
    expect_exit 4 cdc-consume --brokers "$B" --kafka-config "$1.properties" --topics no.public.t0 --group g --exit-at-end >out 2>group.err
    expect_exit 2 cdc-lag --brokers "$B" --kafka-config "$1.properties" --group g >out 2>lag.err
    for tool in publish consume group lag; do
        expect_words $tool.err "uthentication"
        expect_words $tool.err "Look at sasl.username and sasl.password"
        ! grep -q 'pa55\|admin-secret' $tool.err || fail "the password is shown"
    done
}

if [ "$(printf '%s\n' 2.6.1 "$version" | sort -V | head -n 1)" != 2.6.1 ]; then
    say "librdkafka $version: the message says why, and where to look"
    for file in 256 512; do
        refused $file
        for tool in publish consume group lag; do
            expect_words $tool.err "Kafka 4 lets in only librdkafka 2.6.1 and later, this is $version: see LOGIN in cdc-publish(1)"
        done
    done
    echo PASSED
    exit 0
fi

for bits in 256 512; do
    say "SCRAM-SHA-$bits"
    K="--brokers $B --kafka-config $bits.properties"
    # shellcheck disable=SC2086
    expect_exit 0 cdc-publish $K --prefix "s$bits" <in.ndjson 2>publish.err
    # shellcheck disable=SC2086
    expect_exit 0 cdc-publish $K --prefix "x$bits" --exactly-once <in.ndjson 2>publish.err
    for prefix in s x; do
        # shellcheck disable=SC2086
        expect_exit 0 cdc-consume $K --topics "$prefix$bits.public.t0" --exit-at-end >out.$prefix 2>consume.err
        cmp <(grep '^{"key' in.ndjson | sort) <(grep '^{"key' out.$prefix | sort) || fail "lines differ"
    done
    # shellcheck disable=SC2086
    cdc-consume $K --topics "s$bits.public.t0" --group g --exit-at-end --checkpoint "g$bits.json" 2>consume.err |
        "$HERE/kafka_sink.py" kept "g$bits.json"
    # shellcheck disable=SC2086
    expect_exit 0 cdc-lag $K --group g --max-messages 0 --json >lag.json 2>lag.err
    expect "messages behind" "$(jq -c 'select(.hops) | .hops[] | select(.kind == "group") | .events' lag.json)" 0
    rm -f kept
    say "SCRAM-SHA-$bits, a wrong password"
    refused "wrong$bits"
    ! grep -q 'lets in only' ./*.err || fail "the version is blamed"
done
say "a user of another mechanism, and a user without rights"
refused other
expect_exit 4 cdc-publish --brokers "$B" --kafka-config guest.properties --prefix guest <in.ndjson 2>publish.err
expect_words publish.err "uthorization"

say "a server that nobody vouches for, and mechanisms that the server or the library does not have"
expect_exit 4 cdc-publish --brokers "$B" --kafka-config 256.properties -X ssl.ca.location=/etc/ssl/certs/ca-certificates.crt \
    --prefix s --connect-timeout 30s <in.ndjson 2>err
expect_words err "certificate"
expect_exit 4 cdc-publish --brokers "$B" --kafka-config 256.properties -X sasl.mechanism=PLAIN --prefix s <in.ndjson 2>err
expect_words err "broker's supported mechanisms: SCRAM-SHA"
expect_exit 2 cdc-publish --brokers "$B" --kafka-config 256.properties -X sasl.mechanism=GSSAPI --prefix s <in.ndjson 2>err
expect_words err "See LOGIN in cdc-publish(1)"
echo PASSED
