{ echo "target = \"chdb:of-the-file\""; echo "checkpoint = [\"a\", # one"; echo "  \"b\"]"; } >cdc.toml
cdc-load --config cdc.toml --target chdb:of-the-line --print-config | grep -E "^(target|checkpoint)"
