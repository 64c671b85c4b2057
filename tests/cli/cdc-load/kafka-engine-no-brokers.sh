cdc-load --print-kafka-engine-ddl </dev/null
