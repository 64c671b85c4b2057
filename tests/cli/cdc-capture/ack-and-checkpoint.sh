cdc-capture --source postgresql://127.0.0.1:1/x --slot s --ack on-write --checkpoint f
