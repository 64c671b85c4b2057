cdc-consume --nonsense
