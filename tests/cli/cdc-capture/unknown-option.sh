cdc-capture --nonsense
