cdc-transform --version
