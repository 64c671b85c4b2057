cdc-load --dry-run <<'END' >/dev/null
{"table":{"name":"a.b","version":"v1","columns":[{"name":"id","type":"integer","nullable":false,"key":1}]},"source":{"connector":"postgresql","name":"n","db":"d","schema":"a","table":"b","order":"00010000000000000001000000000000"}}
{"key":{"id":1},"before":null,"after":{"id":1},"source":{"connector":"postgresql","name":"n","ts_ms":1,"snapshot":"false","db":"d","schema":"a","table":"b"},"op":"c","ts_ms":2}
END
