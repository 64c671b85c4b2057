cdc-load --target chdb:x --on-error dead-letter
