echo >dead
ln -s dead again
cdc-load --target chdb:x --replay dead --on-error dead-letter --dead-letter again
