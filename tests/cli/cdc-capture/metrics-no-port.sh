cdc-capture --source x --slot s --metrics localhost:99999
