mkdir letters
cdc-load --target chdb:t --on-error dead-letter --dead-letter letters </dev/null
[ ! -e t ] && cdc-load --target chdb:t --on-error dead-letter --dead-letter no/letters </dev/null
