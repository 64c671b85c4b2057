cdc-capture --slot s
