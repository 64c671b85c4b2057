cdc-consume --brokers a:1,http://k1:9092 --topics t
