cdc-consume --version
