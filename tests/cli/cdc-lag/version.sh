cdc-lag --version
