cdc-snapshot --source postgresql://127.0.0.1:1/x --connect-timeout 0s
