cdc-publish --brokers 127.0.0.1:1 --prefix shop --cleanup-policy remove
