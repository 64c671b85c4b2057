cdc-publish --brokers 127.0.0.1:1 --prefix p --marks --topic '{schema}.{table}' </dev/null
