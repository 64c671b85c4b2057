cdc-capture --source x --slot s --drain 99999999999h
