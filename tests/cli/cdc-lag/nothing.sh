cdc-lag
