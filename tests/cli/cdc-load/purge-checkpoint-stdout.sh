cdc-load --target chdb:x --purge --checkpoint -
