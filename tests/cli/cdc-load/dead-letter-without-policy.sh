cdc-load --target chdb:x --dead-letter dead
