cdc-load --target http://127.0.0.1:1/x --replay dead
