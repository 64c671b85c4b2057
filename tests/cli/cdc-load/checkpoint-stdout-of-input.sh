cdc-load --target chdb:t --checkpoint shop=- </dev/null
