# Lines for the cases of cdc-load; sourced by them.

source_of() { # ORDER TABLE
    printf '{"version":"0.1.0","connector":"postgresql","name":"inventory","ts_ms":1763709000000,"snapshot":"false","db":"inventory","schema":"inventory","table":"%s","order":"%s"}' \
        "${2:-orders}" "$1"
}
order() { # POSITION INDEX
    printf '0001%016x%012x' "$1" "$2"
}
table() {
    printf '{"table":{"name":"inventory.orders","version":"7c997e19a3b5774e","columns":[{"name":"id","type":"integer","nullable":false,"key":1},{"name":"price","type":"numeric(10,2)","nullable":true,"precision":10,"scale":2,"default":"1.50"},{"name":"note","type":"text","nullable":true},{"name":"made","type":"timestamp(3) with time zone","nullable":true}]},"source":%s,"ts_ms":1}\n' \
        "$(source_of "$(order 1 0)")"
}
table_without_key() {
    printf '{"table":{"name":"inventory.log","version":"1111111111111111","columns":[{"name":"word","type":"text","nullable":false}]},"source":%s,"ts_ms":1}\n' \
        "$(source_of "$(order 1 0)" log)"
}
insert() { # ID INDEX PRICE NOTE
    printf '{"key":{"id":%s},"before":null,"after":{"id":%s,"price":%s,"note":%s,"made":"2025-07-21T10:00:00.12Z"},"source":%s,"op":"c","ts_ms":2}\n' \
        "$1" "$1" "${3:-\"9.90\"}" "${4:-\"a\\nb\"}" "$(source_of "$(order 16 "$2")")"
}
change() { # OP KEY BEFORE AFTER POSITION [MORE [TABLE]]
    printf '{"key":%s,"before":%s,"after":%s,%s"source":%s,"op":"%s","ts_ms":2}\n' \
        "$2" "$3" "$4" "${6:-}" "$(source_of "$(order "$5" 1)" "${7:-orders}")" "$1"
}
checkpoint() { # POSITION
    printf '{"checkpoint":{"v":1,"kind":"postgres","server":"7312345678901234567","database":"inventory","slot":"orders","position":"0/%X","order":"%s","commit_ts_ms":1763709000000,"snapshot":null},"ts_ms":3}\n' \
        "$1" "$(order "$1" 0)"
}
