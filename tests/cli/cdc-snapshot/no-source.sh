cdc-snapshot --slot s
