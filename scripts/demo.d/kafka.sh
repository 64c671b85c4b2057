# make demo KAFKA=1: the same pipe through a private Kafka; sourced by scripts/demo.
"$root/scripts/services" start kafka
eval "$("$root/scripts/services" env kafka)"
export CDC_BROKERS=$CDC_TEST_KAFKA_BROKERS CDC_PREFIX=postgres-server CDC_PARTITIONS=3 \
    CDC_GROUP=demo CDC_TOPICS='^postgres-server[.]inventory[.]'

show_pipe() {
    show "{ cdc-snapshot --create && cdc-capture; } | cdc-publish"
    show "cdc-consume --checkpoint load.json | cdc-load --target chdb:clickhouse --checkpoint load.json"
    echo "   with CDC_BROKERS, CDC_PREFIX=postgres-server, CDC_GROUP=demo and CDC_TOPICS='$CDC_TOPICS'"
}

run_pipe() {
    local codes
    {
        cdc-consume --allow-no-match --checkpoint load.json -X topic.metadata.refresh.interval.ms=1000 |
            cdc-load --target chdb:clickhouse --checkpoint load.json
        echo "${PIPESTATUS[*]}" >load-codes
    } &
    { cdc-snapshot --create && cdc-capture; } | cdc-publish
    codes="${PIPESTATUS[*]}"
    wait
    echo "$codes $(cat load-codes)" >exit-codes
}

all_arrived() { cdc-lag --max-messages 0 --quiet >/dev/null 2>&1; }

show_between() {
    step "3b. What lies in Kafka"
    show "kcat -L | grep postgres-server"
    kcat -q -b "$CDC_BROKERS" -L | grep -o 'topic "postgres-server.*partitions' | sort | sed 's/^/   /'
    show "kcat -C -t postgres-server.inventory.customers -p 0 -o -2"
    kcat -q -b "$CDC_BROKERS" -C -t postgres-server.inventory.customers -p 0 -o -2 -e \
        -f '   key %k  headers %h\n   value %s\n' | cut -c1-300
}
