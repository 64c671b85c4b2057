cdc-load --target chdb:x --purge --on-error dead-letter --dead-letter dead
