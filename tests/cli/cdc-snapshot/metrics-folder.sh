cdc-snapshot --source postgresql://127.0.0.1:1/d --metrics no/figures.prom
