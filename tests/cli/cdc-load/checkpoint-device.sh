cdc-load --target chdb:t --checkpoint /dev/null </dev/null
