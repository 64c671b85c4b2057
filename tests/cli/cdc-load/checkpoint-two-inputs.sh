cdc-load --target chdb:t --checkpoint shop=f.json --checkpoint stock=f.json </dev/null
