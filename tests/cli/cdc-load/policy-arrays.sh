# An array whose indexes do not begin at 1 has a policy too; a day that is none has no nearest one.
source='"source":{"connector":"postgresql","db":"d","schema":"p","table":"t","ts_ms":1,"order":"00010000000000000002000000000001"}'
table='{"table":{"name":"p.t","version":"v","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"days","type":"date[]","nullable":true,"element":"date"},{"name":"day","type":"date","nullable":false}]},'$source',"ts_ms":1}'
for row in '{"id":1,"days":{"bounds":"[0:1]","elements":["infinity","2020-01-01"]},"day":"1600-01-01"}' '{"id":2,"days":[],"day":"2024-00-10"}'; do
    printf '%s\n' "$table" '{"key":null,"before":null,"after":'"$row,$source"',"op":"c","ts_ms":1}' |
        cdc-load --dry-run --on-bad-date clamp | { grep '^\[' || true; }
done
