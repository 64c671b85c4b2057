cdc-snapshot --version
