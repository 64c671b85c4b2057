cdc-verify --source x --target http://h/d --changed-since 12
