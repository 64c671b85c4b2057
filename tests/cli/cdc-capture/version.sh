cdc-capture --version
