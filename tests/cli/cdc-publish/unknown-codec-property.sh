cdc-publish --brokers 127.0.0.1:1 --prefix p -X compression.codec=rar </dev/null
