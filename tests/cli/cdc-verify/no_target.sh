cdc-verify --source x
