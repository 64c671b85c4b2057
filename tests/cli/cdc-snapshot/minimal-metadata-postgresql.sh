cdc-snapshot --source postgresql://localhost/x --slot s --allow-minimal-metadata
