cdc-verify --version
