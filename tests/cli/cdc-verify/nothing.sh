cdc-verify
