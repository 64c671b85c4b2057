. "$DATA/load-lines.bash"
cdc-load --target ftp://user:secret@host/db
cdc-load --target http://user:secret@host:port/db
