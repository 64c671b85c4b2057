cdc-load --config nowhere.toml
