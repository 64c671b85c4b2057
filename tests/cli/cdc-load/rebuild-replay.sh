cdc-load --target chdb:x --rebuild --replay dead
