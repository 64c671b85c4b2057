cdc-lag --source x --no-such-option
