cdc-load --cluster main --target chdb:x </dev/null
