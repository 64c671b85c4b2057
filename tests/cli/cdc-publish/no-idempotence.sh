cdc-publish --brokers 127.0.0.1:1 --prefix p -X enable.idempotence=false </dev/null
