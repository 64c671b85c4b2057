cdc-capture --source x --slot s --max-events 99999999999999999999
