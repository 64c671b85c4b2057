# Kafka Connect 4.1, one standalone worker with Debezium's connectors of PostgreSQL and MySQL, from
# Maven: what tests and benchmarks compare with; sourced by scripts/services.
#
# It writes to the service `kafka`, which must run. Connectors are made and removed by its REST
# interface (POST and DELETE $CDC_TEST_DEBEZIUM_URL/connectors); they do not outlive the worker, but
# what they have read does: their offsets lie in a file.
#   CDC_DEBEZIUM_HEAP   the worker's heap; 96m is the least that was seen to work, half busy with itself
#   CDC_DEBEZIUM_CONF   more lines of the worker's properties

readonly kConnectVersion=4.1.0
readonly kDebeziumVersion=3.3.1.Final
readonly kDebeziumHeap=256m

debezium_home() { echo "$cache_dir/debezium-postgres-mysql-$kDebeziumVersion"; }

debezium_fetch() {
    maven_fetch "$(debezium_home)" "Debezium $kDebeziumVersion" \
        "org.apache.kafka:connect-runtime:$kConnectVersion" \
        "org.apache.kafka:connect-json:$kConnectVersion" \
        "io.debezium:debezium-connector-postgres:$kDebeziumVersion" \
        "io.debezium:debezium-connector-mysql:$kDebeziumVersion" \
        "io.debezium:debezium-storage-kafka:$kDebeziumVersion" \
        org.slf4j:slf4j-simple:1.7.36
}

debezium_prepare() {
    command -v java >/dev/null || fail "no java; run scripts/install-deps"
    (select_service kafka && running) ||
        fail "debezium needs kafka; start it first: scripts/services start kafka"
    debezium_fetch
    cat >"$state/worker.properties" <<CONF
bootstrap.servers=127.0.0.1:$(<"$base/kafka/port")
listeners=http://127.0.0.1:$port
key.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
offset.storage.file.filename=$state/offsets
offset.flush.interval.ms=1000
plugin.discovery=service_load
plugin.path=$(debezium_home)
${CDC_DEBEZIUM_CONF:-}
CONF
}

debezium_command() {
    argv=(java "-Xmx${CDC_DEBEZIUM_HEAP:-$kDebeziumHeap}" -XX:+UseSerialGC
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
        -Dorg.slf4j.simpleLogger.log.io.debezium=info
        -cp "$(debezium_home)/libs/*" org.apache.kafka.connect.cli.ConnectStandalone
        "$state/worker.properties")
}

debezium_ready() { curl -sf -m 5 "$(debezium_url)/connectors" >/dev/null; }
debezium_stop_signal() { echo TERM; }
debezium_url() { echo "http://127.0.0.1:$port"; }
