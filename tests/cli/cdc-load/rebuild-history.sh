cdc-load --target chdb:x --rebuild --mode history
