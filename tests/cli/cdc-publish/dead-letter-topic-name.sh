cdc-publish --brokers 127.0.0.1:1 --prefix p --on-error dead-letter --dead-letter-topic "dlq sink"
