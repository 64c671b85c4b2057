. "$DATA/load-lines.bash"
cdc-load --target chdb:x --table-name all
