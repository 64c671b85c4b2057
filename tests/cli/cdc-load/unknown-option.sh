. "$DATA/load-lines.bash"
cdc-load --target chdb:x --cheese
