cdc-capture --source x --slot s --metrics 9090
