cdc-consume --brokers 127.0.0.1:1 --topics x --prefix p --marks --from end
