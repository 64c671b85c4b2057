printf 'sasl.username=u\nsecret-without-a-name\n' >kafka.properties
cdc-publish --brokers 127.0.0.1:1 --kafka-config kafka.properties --prefix p </dev/null
