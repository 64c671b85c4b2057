cdc-verify --source x --target http://h/d --sample 200%
