cdc-capture --source postgresql://localhost/x --slot s --begin-again
