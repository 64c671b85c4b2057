. "$DATA/load-lines.bash"
cdc-load --version
