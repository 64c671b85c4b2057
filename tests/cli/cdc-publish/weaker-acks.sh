cdc-publish --brokers 127.0.0.1:1 --prefix p -X acks=1 </dev/null
