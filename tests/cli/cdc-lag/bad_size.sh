cdc-lag --checkpoint missing.json --max-bytes much
