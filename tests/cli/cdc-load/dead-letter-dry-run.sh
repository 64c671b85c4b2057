cdc-load --dry-run --on-error dead-letter --dead-letter dead
