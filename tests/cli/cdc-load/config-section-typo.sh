printf "[cdc-laod]\n" >cdc.toml; printf "[cdc-laod]\ntarget = \"x\"\n" >cdc.toml
cdc-load --config cdc.toml
