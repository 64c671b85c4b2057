. "$DATA/load-lines.bash"
cdc-load
