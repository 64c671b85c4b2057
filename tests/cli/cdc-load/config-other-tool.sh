printf "# for all\nslot = \"orders\"\nlog-level = \"debug\"\n[cdc-capture]\nheartbeat = \"3s\"\n[cdc-load]\nbatch-rows = 7\ntarget = \"http://me:secret@h/db?password=s3\"\n" >cdc.toml
CDC_CONFIG=cdc.toml CDC_BATCH_BYTES=9MB cdc-load --flush-interval 2s --print-config | grep -v "# default$\|not set"
