cdc-load --target chdb:t --checkpoint state/orders.json </dev/null
