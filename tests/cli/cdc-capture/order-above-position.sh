echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/10","order":"00010000000000000011000000000000","commit_ts_ms":0,"snapshot":null},"ts_ms":1}' > f
cdc-capture --source postgresql://127.0.0.1:1/x --slot s --checkpoint f
