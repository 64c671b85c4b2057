cdc-load --target http://localhost:1/x --checkpoint /proc/checkpoint </dev/null
