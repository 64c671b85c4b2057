printf "[cdc-load]\nflush-interval = \"soon\"\n" >cdc.toml
cdc-load --config cdc.toml
