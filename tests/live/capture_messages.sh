#!/usr/bin/env bash
# Logical messages (op m) and --transactions, through cdc-load too, which passes them by.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
sql "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY)"
capture --create --exit-after-create 2>create.err

sql "BEGIN; INSERT INTO t VALUES (1, 'a');
     SELECT pg_logical_emit_message(true, 'outbox.order', 'paid \"1\"');
     INSERT INTO other VALUES (1); UPDATE t SET id = 2; COMMIT" >/dev/null
sql "SELECT pg_logical_emit_message(false, 'outbox.alone', '\\x00ff'::bytea)" >/dev/null
sql "SELECT pg_logical_emit_message(true, 'heartbeat', 'x')" >/dev/null
sql "INSERT INTO t VALUES (3, 'c')"
sql "CHECKPOINT"

say "without --messages they are not there"
capture --peek --exit-at-end >plain 2>plain.err
expect "ops" "$(changes plain | jq -r 'select(.op) | .op' | tr -d '\n')" "ccdcc"

say "--messages: by prefix, content in base64"
capture --peek --exit-at-end --messages 'outbox.*' >some 2>some.err
expect "ops" "$(changes some | jq -r 'select(.op) | .op' | tr -d '\n')" "cmcdcmc"
expect "transactional" "$(jq -c 'select(.op == "m" and .message.transactional) | [.key, .before, .after, .message.prefix, (.message.content | @base64d), .source.table, (.source.txId | type)]' some)" \
    '[{"prefix":"outbox.order"},null,null,"outbox.order","paid \"1\"","","number"]'
expect "alone" "$(jq -c 'select(.op == "m" and (.message.transactional | not)) | [.key.prefix, .message.content, .source.txId]' some)" \
    '["outbox.alone","AP8=",null]'
capture --peek --exit-at-end --messages '*' >all 2>all.err
expect "all prefixes" "$(jq -r 'select(.op == "m") | .message.prefix' all | tr '\n' ' ')" "outbox.order outbox.alone heartbeat "
for file in some all; do
    changes $file | jq -r 'select(.op) | .source.order' >orders
    sort -cu orders || fail "the order does not rise in $file"
done
jq -c . all | cmp - all || fail "jq changed a line"

say "a filter of prefixes leaves out lines, not numbers"
diff <(jq -r 'select(.op and .op != "m") | .source.order' some) <(jq -r 'select(.op and .op != "m") | .source.order' all)

say "--transactions"
capture --peek --exit-at-end --transactions --messages 'outbox.*' --tables t >tx 2>tx.err
expect "begins and ends" "$(jq -r 'select(.transaction.status) | .transaction.status' tx | tr '\n' ' ')" "BEGIN END BEGIN END "
id=$(jq -r 'select(.transaction.status == "BEGIN") | .transaction.id' tx | sed -n 1p)
expect "id" "$id" "$(jq -r 'select(.op == "d") | "\(.source.txId):\(.source.sequence | fromjson | .[0])"' tx)"
expect "end" "$(jq -c 'select(.transaction.status == "END") | .transaction | [.id, .event_count, .data_collections]' tx | sed -n 1p)" \
    "[\"$id\",4,[{\"data_collection\":\"public.t\",\"event_count\":3}]]"
expect "in each change" "$(jq -c "select(.op and .transaction.id == \"$id\") | [.op, .transaction.total_order, .transaction.data_collection_order]" tx | tr '\n' ' ')" \
    '["c",1,1] ["m",2,null] ["d",3,2] ["c",4,3] '
expect "a message alone is in no transaction" "$(jq -c 'select(.message.prefix == "outbox.alone") | has("transaction")' tx)" false
expect "the begin stands first" "$(head -n 1 tx | jq -r .transaction.status)" BEGIN
expect "all else is the same" "$(jq -c 'select(.op) | del(.transaction, .ts_ms)' tx | md5sum)" \
    "$(jq -c 'select(.op and (.source.table != "other")) | del(.ts_ms)' some | md5sum)"

say "cdc-load passes them by; a message alone is confirmed too"
capture --checkpoint state.json --transactions --messages '*' --exit-at-end 2>pipe.err |
    cdc-load --target "$TARGET" --checkpoint state.json 2>load.err
expect "exit statuses" "${PIPESTATUS[*]}" "0 0"
parity t other
sql "SELECT pg_logical_emit_message(false, 'last', 'x')" >/dev/null
sql "CHECKPOINT" # no commit flushes it
capture --checkpoint state.json --messages '*' --exit-at-end 2>pipe.err | tee rest |
    cdc-load --target "$TARGET" --checkpoint state.json 2>load.err
expect "the rest" "$(changes rest | jq -r .message.prefix)" last
say "Pain 2: --emit-heartbeat moves a server on which nothing happens"
before=$(sql "SELECT pg_current_wal_lsn()")
timeout 60 cdc-capture --source "$(pg_url)" --slot "$SLOT" --emit-heartbeat 300ms --messages 'cdc-*' --max-events 3 >beats 2>beats.err
expect "their lines" "$(changes beats | jq -c '[.op, .key.prefix, .message.content]' | sort -u)" '["m","cdc-heartbeat",""]'
[ "$(sql "SELECT pg_current_wal_lsn() > '$before'")" = t ] || fail "the log did not move"
say "all good"
