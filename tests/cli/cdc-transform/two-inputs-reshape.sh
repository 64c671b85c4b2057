# A table of one input has another shape, and before that input's next cut the other input has one, and the tool is
# killed: the stored rows and what the state says of them are of one shape.
cat >views.sql <<'SQL'
CREATE VIEW v KEY (id) AS SELECT a.id, a.g AS a, b.g AS b FROM one.public.t a LEFT JOIN two.public.t b ON b.id = a.id;
SQL
order() { printf '0001%016x%012x' "$1" "$2"; }
source() { echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"'"$(order "$1" "$2")"'"}'; }
table() { # [COLUMN]
    echo '{"table":{"name":"public.t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"g","type":"integer"}'"${1:+,{\"name\":\"$1\",\"type\":\"integer\"\}}"']},'"$(source 1 0)"',"ts_ms":1}'
}
insert() { # NUMBER ID G [H]
    echo '{"key":{"id":'"$2"'},"before":null,"after":{"id":'"$2"',"g":'"$3${4:+,\"h\":$4}"'},'"$(source "$1" 1)"',"op":"c","ts_ms":1}'
}
checkpoint() { echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$1"'","order":"'"$(order "$1" 0)"'","commit_ts_ms":1,"snapshot":null},"ts_ms":1}'; }
views() {
    cdc-transform --log-level error --views views.sql --state state --empty '*' --ack on-write \
        --input one=one.fifo --input two=two.fifo >>out 2>err &
    transform=$!
}
wait_for() {
    for _ in $(seq 300); do
        [ "$(grep -c '^{"checkpoint"' out)" -ge "$1" ] && return
        sleep 0.05
    done
    echo "waited in vain for line $1"
    exit 1
}
mkfifo one.fifo two.fifo
: >out
views
exec 3>one.fifo 4>two.fifo
{ table; insert 2 1 7; checkpoint 3; } >&3
wait_for 1
{ table; insert 2 1 70; checkpoint 3; } >&4
wait_for 2
{ table h; insert 4 2 80 1; } >&4
sleep 0.3
{ insert 4 2 8; checkpoint 5; } >&3
wait_for 3
{ kill -9 $transform; wait $transform; } 2>/dev/null
exec 3>&- 4>&-
views
exec 3>one.fifo 4>two.fifo
{ table; insert 3 3 90; checkpoint 4; table h; insert 4 2 80 1; checkpoint 5; } >&4
wait_for 5
{ table; insert 6 3 9; checkpoint 7; } >&3
wait_for 6
exec 3>&- 4>&-
wait
cat err
jq -c 'select(.op) | [.op, .after]' out | uniq # a batch may come again
