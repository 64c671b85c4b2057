cdc-lag --slot orders --target http://h/d
