cdc-snapshot --cheese
