cdc-load --target chdb:x --rebuild --purge
