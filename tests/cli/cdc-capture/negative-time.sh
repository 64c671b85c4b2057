cdc-capture --source x --slot s --drain -5s
