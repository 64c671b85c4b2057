cdc-load --target chdb:x --rebuild --on-error dead-letter --dead-letter dead
