cdc-consume --brokers 127.0.0.1:1 --topics a --on-error dead-letter --dead-letter no/letters
