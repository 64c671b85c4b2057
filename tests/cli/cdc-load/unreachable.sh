. "$DATA/load-lines.bash"
table | cdc-load --target http://user:secret@127.0.0.1:1/db --retry 0 2>err
code=$?
sed 's/after [0-9]* ms/after N ms/' err >&2
exit $code
