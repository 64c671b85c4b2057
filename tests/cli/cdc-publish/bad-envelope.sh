cdc-publish --brokers 127.0.0.1:1 --prefix p --envelope avro </dev/null
