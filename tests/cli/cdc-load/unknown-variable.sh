CDC_TRAGET=chdb:x cdc-load
