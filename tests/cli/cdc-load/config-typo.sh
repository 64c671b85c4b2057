printf "target = \"chdb:x\"\nbatch-row = 5\n" >cdc.toml
cdc-load --config cdc.toml
