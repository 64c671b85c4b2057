#!/usr/bin/env bash
# A login that fails is tried once. A server that accepts and says nothing is waited for as long as
# connect_timeout allows, then the next host of the source is asked.
source "$(dirname "$0")/lib.sh"
CDC_PG_CONF="log_connections = on" start postgres
create_db
log=$CDC_SERVICES_DIR/postgres/log
[ -s "$log" ] || log=$(find "$CDC_SERVICES_DIR/postgres" -maxdepth 1 -type f -name '*log*' | head -n 1)

say "a login that fails"
before=$(grep -c 'connection received' "$log")
url=$(pg_url)
expect_exit 4 cdc-capture --source "${url/postgres@/nobody@}" --slot s --peek 2>refused.err
expect_words refused.err 'role "nobody" does not exist'
! grep -q 'LOCATION\|28000' refused.err || fail "the message has more than the server's words"
expect "logins" $(($(grep -c 'connection received' "$log") - before)) 1
expect_exit 4 cdc-capture --source "${url%/*}/nowhere" --slot s --peek 2>refused.err
expect_words refused.err 'database "nowhere" does not exist'

say "a server that comes later, as after a restart"
"$ROOT/scripts/services" stop postgres >/dev/null 2>&1
cdc-snapshot --source "$url" >later.lines 2>later.err &
later=$!
cdc-capture --source "$url" --slot later --check 2>check.err &
check=$!
wait_until 10 grep -q "trying again for 30 s" later.err
wait_until 10 grep -q "trying again for 30 s" check.err
"$ROOT/scripts/services" start postgres >/dev/null 2>&1
wait $later || expect_words later.err "there is no table to read"
! grep -q "error: cannot connect" later.err || fail "it did not wait: $(cat later.err)"
wait $check || true
expect_words check.err "ready"

say "a server that accepts, and never answers"
python3 -c '
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(50)
open("silent.new", "w").write(str(s.getsockname()[1]))
__import__("os").rename("silent.new", "silent")
time.sleep(300)' &
wait_until 10 test -s silent
silent=$(cat silent)
started=$SECONDS
expect_exit 1 cdc-snapshot --source "postgresql://postgres@127.0.0.1:$silent/x?connect_timeout=2" 2>silent.err
expect_words silent.err "timeout expired"
[ $((SECONDS - started)) -lt 9 ] || fail "a wait of 2 s took $((SECONDS - started)) s"

say "the next host"
port=${CDC_TEST_POSTGRES_URL##*:}
port=${port%%/*}
sql "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"
cdc-snapshot --source "postgresql://postgres@127.0.0.1:$silent,127.0.0.1:1,127.0.0.1:$port/$DB?connect_timeout=2" >lines 2>next.err
expect "rows" "$(grep -c '"op":"r"' lines)" 1
