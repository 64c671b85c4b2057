# Tables of two sources in one view: a cut of one leaves the other's tables as they were at its own last cut, every
# checkpoint line says its input, and what a state has of an input is passed over when it comes again.
cat >views.sql <<'SQL'
CREATE VIEW v KEY (id) AS SELECT a.id, a.g AS a, b.g AS b FROM one.public.t a LEFT JOIN two.d.t b ON b.id = a.id;
SQL
order() { printf '%s%016x%012x' "$1" "$2" "$3"; }
source() { # SOURCE NUMBER INDEX
    case $1 in
    one) echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"'"$(order 0001 "$2" "$3")"'"}' ;;
    two) echo '"source":{"connector":"mysql","name":"s","ts_ms":1,"db":"d","table":"t","order":"'"$(order 0870 "$2" "$3")"'"}' ;;
    esac
}
table() { # SOURCE TYPE
    echo '{"table":{"name":"t","version":"1","columns":[{"name":"id","type":"'"$2"'","nullable":false,"key":1},{"name":"g","type":"'"$2"'"}]},'"$(source "$1" 1 0)"',"ts_ms":1}'
}
change() { # SOURCE NUMBER OP BEFORE AFTER
    row() { [ -z "$1" ] && echo null || echo '{"id":1,"g":'"$1"'}'; }
    echo '{"key":{"id":1},"before":'"$(row "$4")"',"after":'"$(row "$5")"','"$(source "$1" "$2" 1)"',"op":"'"$3"'","ts_ms":1}'
}
checkpoint() { # SOURCE NUMBER
    local kind=postgres epoch=0001
    [ "$1" = one ] || kind=mysql epoch=0870
    echo '{"checkpoint":{"v":1,"kind":"'$kind'","server":"1","slot":"s","position":"'"$2"'","order":"'"$(order $epoch "$2" 0)"'","commit_ts_ms":'"$2"',"snapshot":null},"ts_ms":1}'
}
views() {
    cdc-transform --log-level error --views views.sql --state state --empty '*' --ack on-write \
        --input one=one.fifo --input two=two.fifo | jq -c --unbuffered '[.input // empty, .checkpoint.position // empty, .op // empty, .after // empty]' >>out &
}
# Each line is written when the cut before it has left, so that the order is certain.
wait_for() {
    for _ in $(seq 300); do
        [ "$(grep -c '^\["' out)" -ge "$1" ] && return
        sleep 0.05
    done
    echo "waited in vain for line $1"
    exit 1
}
mkfifo one.fifo two.fifo
: >out
views
exec 3>one.fifo 4>two.fifo
{ table one integer; change one 2 c '' 7; checkpoint one 3; } >&3
wait_for 1
{ table two int; change two 2 c '' 70; } >&4
{ change one 3 u 7 8; checkpoint one 4; } >&3
wait_for 3
checkpoint two 3 >&4
wait_for 5
change one 5 u 8 9 >&3
{ change two 4 d 70 ''; checkpoint two 5; } >&4
wait_for 7
exec 3>&- 4>&-
wait
echo '["again"]' >>out
views
exec 3>one.fifo 4>two.fifo
{ table one integer; change one 2 c '' 7; checkpoint one 3; checkpoint one 4; change one 5 u 8 9; checkpoint one 6; } >&3
wait_for 11
{ table two int; change two 2 c '' 70; checkpoint two 3; change two 4 d 70 ''; checkpoint two 5; } >&4
exec 3>&- 4>&-
wait
cat out
