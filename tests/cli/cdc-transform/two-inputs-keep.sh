# KEEP goes by the commit times of the table's own log, and not by those of another input, which may be ahead.
cat >views.sql <<'SQL'
CREATE VIEW v KEY (id) AS SELECT a.id, b.at FROM a LEFT JOIN b ON b.id = a.id;
KEEP '1 day' ON b.at;
SQL
order() { printf '0001%016x%012x' "$1" "$2"; }
source() { echo '"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"'"$1"'","order":"'"$(order "$2" "$3")"'"}'; }
table() { # NAME
    echo '{"table":{"name":"public.'"$1"'","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"at","type":"timestamp without time zone"}]},'"$(source "$1" 1 0)"',"ts_ms":1}'
}
insert() { # NAME NUMBER ID
    echo '{"key":{"id":'"$3"'},"before":null,"after":{"id":'"$3"',"at":"1970-01-10T00:00:00"},'"$(source "$1" "$2" 1)"',"op":"c","ts_ms":1}'
}
checkpoint() { # NUMBER DAY
    echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"s","position":"0/'"$1"'","order":"'"$(order "$1" 0)"'","commit_ts_ms":'$(($2 * 86400000))',"snapshot":null},"ts_ms":1}'
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
cdc-transform --log-level error --views views.sql --state state --empty '*' --ack on-write \
    --input one=one.fifo --input two=two.fifo >>out &
exec 3>one.fifo 4>two.fifo
{ table a; insert a 2 1; checkpoint 3 9; } >&3
wait_for 1
{ table b; insert b 2 1; checkpoint 3 9; } >&4
wait_for 2
{ insert a 4 2; checkpoint 5 100; } >&3
wait_for 3
{ insert b 4 2; checkpoint 5 9; } >&4
wait_for 4
checkpoint 6 12 >&4
wait_for 5
exec 3>&- 4>&-
wait
jq -c 'select(.op) | [.op, .after]' out
