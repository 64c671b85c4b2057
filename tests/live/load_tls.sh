#!/usr/bin/env bash
# TLS to ClickHouse: own CA, client certificate, the host's name; users with a password from a file.
# No secret on a command line or in what is logged.
. "$(dirname "$0")/lib.sh"
. "$HERE/load_lines.bash"
printf 'loader:never-shown\n' >users
export CDC_CLICKHOUSE_FRONT_ARGS="--user-file $WORK/users"
start clickhouse
port=${CDC_TEST_CLICKHOUSE_URL##*:}
port=${port%%/*}

say "a CA, a server's certificate for 'localhost', a client's"
mkdir tls
. "$HERE/tls.bash"
authority ca
authority strangers
certificate server localhost ca
certificate client loader ca
certificate stranger loader strangers
"$HERE/tls_front.py" tls/server.crt tls/server.key tls/ca.crt "$port" >tls.port 2>tls.err &
wait_until 20 test -s tls.port
at=$(cat tls.port)
echo never-shown >password
chmod 600 password
lines "print(table('t', T, 'v1'))
rows('c', [1, 2], 16)" >first
load() { # HOST PARAMETERS
    cdc-load --target "https://loader@$1:$at/default?$2" --retry 1s --log-level debug <first 2>load.err
}
client="sslcert=$WORK/tls/client.crt&sslkey=$WORK/tls/client.key"
trusted="sslrootcert=$WORK/tls/ca.crt"
secret="passfile=$WORK/password"

say 'all of it'
load localhost "$trusted&$client&$secret" || fail 'a load over TLS'
expect 'rows' "$(curl -sS --fail-with-body -u loader:never-shown "http://127.0.0.1:$port/" -d 'SELECT count() FROM t')" 2
! grep -F never-shown load.err || fail 'the password is logged'

say 'what must not be trusted is not'
expect_exit 4 load localhost "$client&$secret"
expect_words load.err certificate
expect_exit 4 load localhost "sslrootcert=$WORK/tls/strangers.crt&$client&$secret"
expect_words load.err certificate
expect_exit 4 load 127.0.0.1 "$trusted&$client&$secret"
expect_words load.err "127.0.0.1"

say 'a client without a certificate, or with a stranger'"'"'s, does not get in'
expect_exit 1 load localhost "$trusted&$secret"
expect_words load.err "alert handshake failure"
expect_exit 1 load localhost "$trusted&sslcert=$WORK/tls/stranger.crt&sslkey=$WORK/tls/stranger.key&$secret"
expect_words load.err "alert unknown ca"

say 'a wrong password, no password, no file'
echo wrong >other
expect_exit 4 load localhost "$trusted&$client&passfile=$WORK/other"
expect_words load.err 516
expect_exit 4 load localhost "$trusted&$client"
expect_words load.err passfile
expect_exit 4 load localhost "$trusted&$client&passfile=$WORK/none"
expect_words load.err "No such file"
say 'all passed'
