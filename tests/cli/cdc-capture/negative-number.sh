cdc-capture --source x --slot s --max-events -1
