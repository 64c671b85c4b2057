cdc-publish --brokers 127.0.0.1:1 --prefix p --retention 0s </dev/null
