# A state of standard input is none of --input, and the other way round; another source under an input's name is refused.
echo 'CREATE VIEW v KEY (id) AS SELECT id FROM t;' >views.sql
lines() { # SLOT
    echo '{"table":{"name":"t","version":"1","columns":[{"name":"id","type":"integer","nullable":false,"key":1}]},"source":{"connector":"postgresql","name":"s","ts_ms":1,"db":"d","schema":"public","table":"t","order":"00010000000000000001000000000000"},"ts_ms":1}'
    echo '{"checkpoint":{"v":1,"kind":"postgres","server":"1","database":"d","slot":"'"$1"'","position":"0/2","order":"00010000000000000002000000000000","commit_ts_ms":2,"snapshot":null},"ts_ms":1}'
}
lines s >s.lines
lines other >other.lines
transform() { cdc-transform --log-level warning --views views.sql --empty '*' --ack on-write "$@" >/dev/null; }
transform --state plain <s.lines
transform --state plain --input x=s.lines
echo $?
transform --state inputs --input x=s.lines
transform --state inputs <s.lines
echo $?
transform --state inputs --input x=other.lines
echo $?
transform --state inputs --input y=s.lines
echo $?
