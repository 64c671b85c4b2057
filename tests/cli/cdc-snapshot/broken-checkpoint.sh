echo "{\"checkpoint\":{\"v\":1," >state.json
cdc-snapshot --source postgresql://127.0.0.1:1/x --slot s --checkpoint state.json
