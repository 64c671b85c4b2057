cdc-load --target chdb:x --replay dead --checkpoint state
