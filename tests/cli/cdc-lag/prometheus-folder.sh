cdc-lag --checkpoint state.json --prometheus no/figures.prom
