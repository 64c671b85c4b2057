printf "target = \"x\nslot = 1\n" >cdc.toml
cdc-load --config cdc.toml
