cdc-lag --checkpoint missing.json
