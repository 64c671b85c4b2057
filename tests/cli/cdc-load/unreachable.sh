. "$DATA/load-lines.bash"
table | cdc-load --target http://user:secret@127.0.0.1:1/db --retry 0
