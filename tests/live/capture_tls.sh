#!/usr/bin/env bash
# TLS to PostgreSQL: own CA, client certificate, the name in the certificate (verify-full); libpq's
# service files and .pgpass. No secret on a command line, in what is logged, or in the lines.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
STATE=$CDC_SERVICES_DIR/postgres
PORT=$(cat "$STATE/port")
create_db
sql "CREATE TABLE t (id int PRIMARY KEY, v text);
     CREATE ROLE tls LOGIN REPLICATION SUPERUSER; CREATE ROLE secret LOGIN REPLICATION SUPERUSER PASSWORD 'never-shown'"

say "a CA, a server's certificate for 'localhost', a client's for 'tls'"
mkdir tls
. "$HERE/tls.bash"
authority ca
authority strangers
certificate server localhost ca
certificate client tls ca
certificate stranger tls strangers
for file in ca.crt server.crt server.key; do
    install -m 600 tls/$file "$STATE/data/$file"
    [ "$EUID" != 0 ] || chown postgres "$STATE/data/$file"
done
cat >"$STATE/data/pg_hba.conf" <<HBA
hostssl all tls      127.0.0.1/32 cert
host    all secret   127.0.0.1/32 scram-sha-256
local   all all                   trust
host    all postgres 127.0.0.1/32 trust
HBA
export CDC_PG_CONF="ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'ca.crt'"
"$ROOT/scripts/services" restart postgres >>services.log 2>&1 || { cat services.log; fail "no TLS in the server"; }

say "verify-full with own CA and client certificate: capture, snapshot, verify"
SECURE="host=localhost hostaddr=127.0.0.1 port=$PORT dbname=$DB user=tls sslmode=verify-full sslrootcert=$WORK/tls/ca.crt"
CLIENT="sslcert=$WORK/tls/client.crt sslkey=$WORK/tls/client.key"
sql "INSERT INTO t VALUES (1, 'x')"
cdc-snapshot --source "$SECURE $CLIENT" --slot tls --create --checkpoint state.json 2>snapshot.err |
    cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail snapshot
sql "INSERT INTO t VALUES (2, 'y')"
cdc-capture --source "$SECURE $CLIENT" --slot tls --checkpoint state.json 2>capture.err | kept |
    cdc-load --target "$TARGET" --checkpoint state.json 2>load.err &
pipe=$!
connections() { sql "SELECT bool_and(ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'tls'"; }
wait_until 20 eval '[ "$(connections | cut -d"|" -f2)" = 3 ]'
expect "all connections are encrypted" "$(connections)" "t|3"
wait_until 20 grep -q '"id":2' capture.lines
kill -TERM "$(jobs -p %%)" # cdc-capture
wait $pipe || fail capture
cdc-verify --source "$SECURE $CLIENT" --target "$TARGET" 2>verify.err || fail "verify: $(cat verify.err)"
cdc-lag --source "$SECURE $CLIENT" --slot tls --checkpoint state.json >lag 2>lag.err || fail "lag: $(cat lag.err)"

say "what must not be trusted is not"
refused() { # WHAT WORDS CONNECTION
    local code=0
    cdc-capture --source "$3" --slot tls --peek --exit-at-end >/dev/null 2>refused.err || code=$?
    [ $code = 1 ] || [ $code = 4 ] || fail "$1: exit status $code"
    expect_words refused.err "$2"
}
refused "no client certificate" "certificate" "$SECURE"
refused "a stranger's client certificate" "" "$SECURE sslcert=$WORK/tls/stranger.crt sslkey=$WORK/tls/stranger.key"
refused "another CA" "certificate verify failed" "${SECURE/ca.crt/strangers.crt} $CLIENT"
refused "another name" "does not match host name" "${SECURE/host=localhost hostaddr=127.0.0.1/host=127.0.0.1} $CLIENT"
refused "no TLS at all" "pg_hba.conf" "host=127.0.0.1 port=$PORT dbname=$DB user=tls sslmode=disable"

say "a service file and .pgpass"
cat >services.conf <<SERVICE
[orders]
host=127.0.0.1
port=$PORT
dbname=$DB
user=secret
SERVICE
echo "127.0.0.1:$PORT:*:secret:never-shown" >pgpass
chmod 600 pgpass
export PGSERVICEFILE=$WORK/services.conf PGPASSFILE=$WORK/pgpass
cdc-capture --source "service=orders" --slot tls --peek --exit-at-end --log-level debug >lines 2>service.err || fail "service file: $(cat service.err)"
cdc-capture --source "postgresql://?service=orders" --slot tls --peek --exit-at-end >lines 2>>service.err || fail "URL with a service"
cdc-snapshot --source "service=orders" --tables t 2>>service.err >rows || fail "snapshot by service"
expect "rows" "$(grep -c '"op":"r"' rows)" 2
grep -rq "never-shown" lines rows ./*.err && fail "the password was shown"

say "a wrong password is told, not shown, and not tried again"
echo "127.0.0.1:$PORT:*:secret:never-shown-wrong" >pgpass
expect_exit 4 cdc-capture --source "service=orders" --slot tls --peek --exit-at-end >lines 2>wrong.err
expect_words wrong.err "password authentication failed"
expect_exit 4 cdc-capture --source "postgresql://secret:never-shown-url@127.0.0.1:$PORT/$DB" --slot tls --peek --exit-at-end >lines 2>>wrong.err
grep -q "never-shown" wrong.err && fail "the password was shown"
say "all good"
