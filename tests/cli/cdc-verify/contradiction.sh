cdc-verify --source x --target http://h/d --counts --rows
