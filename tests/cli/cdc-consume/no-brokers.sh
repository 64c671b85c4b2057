cdc-consume --topics t
