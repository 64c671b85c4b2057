cdc-consume --brokers 127.0.0.1:1 --topics t --group g -X group.protocol=consumer
