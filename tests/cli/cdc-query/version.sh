cdc-query --version
