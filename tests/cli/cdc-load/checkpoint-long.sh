cdc-load --target http://localhost:1/x --checkpoint "$(printf "%0250d" 0)" </dev/null
