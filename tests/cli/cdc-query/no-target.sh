cdc-query
