cat >state.json <<'END'
{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"x","slot":"s","position":"0/1","order":"00010000000000000001000000000000","commit_ts_ms":0,"snapshot":"done"},"ts_ms":1}
END
cdc-snapshot --source postgresql://127.0.0.1:1/x --slot s --checkpoint state.json
