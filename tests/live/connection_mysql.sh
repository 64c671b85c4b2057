#!/usr/bin/env bash
# How MySQL and MariaDB are reached: TLS in all modes, with own CA and client certificate, over all tools; option
# files and their groups; caching_sha2_password and ed25519. No secret in what is logged, or in the lines.
source "$(dirname "$0")/lib.sh"
. "$HERE/tls.bash"

say "a CA, a server's certificate for 'localhost', a client's"
mkdir tls no-plugins
authority ca
authority strangers
certificate server localhost ca
certificate client tls ca
chmod 644 tls/server.key # the server may run as another user
TLS_CONF="ssl_ca=$WORK/tls/ca.crt
ssl_cert=$WORK/tls/server.crt
ssl_key=$WORK/tls/server.key"

my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1"; }
begin() { # NAME
    NAME=$1
    start "$NAME"
    local url=CDC_TEST_${NAME^^}_URL
    PORT=${!url##*:}
    PORT=${PORT%%/*}
}
capture() { cdc-capture --source "$1" --from-position earliest --exit-at-end --log-level debug >lines 2>capture.err; }
reached() { # WHAT URL
    capture "$2" || fail "$NAME, $1: $(cat capture.err)"
    expect "$NAME, $1: rows" "$(grep -c '"op":"c"' lines)" 1
}
refused() { # WHAT WORDS URL
    expect_exit 4 capture "$3"
    expect_words capture.err "$2"
    [ ! -s lines ] || fail "$NAME, $1: lines of a server that is not trusted"
}

tls_modes() {
    say "$NAME: what each ssl-mode takes and refuses"
    # 'Localhost' has the name of the certificate, and is no word for the socket.
    local to="@Localhost:$PORT/shop" by_number="@127.0.0.1:$PORT/shop" ca="ssl-ca=$WORK/tls/ca.crt"
    local strangers="ssl-ca=$WORK/tls/strangers.crt"
    refused "plain, where TLS is required of the user" "Access denied" "mysql://encrypted:right$by_number?ssl-mode=disabled"
    reached preferred "mysql://encrypted:right$by_number?ssl-mode=preferred"
    reached required "mysql://encrypted:right$by_number?ssl-mode=required"
    reached "verify-ca, another name" "mysql://encrypted:right$by_number?ssl-mode=verify-ca&$ca"
    refused "verify-ca, another CA" "certificate" "mysql://encrypted:right$by_number?ssl-mode=verify-ca&$strangers"
    refused "verify-ca without a CA" "without a certificate authority" "mysql://encrypted:right$by_number?ssl-mode=verify-ca"
    reached verify-identity "mysql://encrypted:right$to?ssl-mode=verify-identity&$ca"
    refused "verify-identity, another name" "certificate failed" "mysql://encrypted:right$by_number?ssl-mode=verify-identity&$ca"
    refused "verify-identity, another CA" "certificate" "mysql://encrypted:right$to?ssl-mode=verify-identity&$strangers"
    expect_exit 2 capture "mysql://encrypted:right$to?ssl-mode=some"

    say "$NAME: a client's certificate, all tools"
    local client="ssl-cert=$WORK/tls/client.crt&ssl-key=$WORK/tls/client.key"
    local secure="mysql://certified:right$to?ssl-mode=verify-identity&$ca"
    refused "without it" "Access denied" "$secure"
    rm -rf state.json "${TARGET#chdb:}"
    cdc-snapshot --source "$secure&$client" --checkpoint state.json 2>snapshot.err |
        cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "snapshot: $(cat snapshot.err load.err)"
    my "INSERT INTO shop.t VALUES (2, 'y')"
    cdc-capture --source "$secure&$client" --checkpoint state.json --exit-at-end 2>capture.err |
        cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "capture: $(cat capture.err load.err)"
    cdc-verify --source "$secure&$client" --target "$TARGET" 2>verify.err || fail "verify: $(cat verify.err)"
    cdc-lag --source "$secure&$client" --checkpoint state.json >lag 2>lag.err || fail "lag: $(cat lag.err)"
    cdc-capture --source "$secure&$client" --check --checkpoint state.json 2>check.err || fail "check: $(cat check.err)"
    my "DELETE FROM shop.t WHERE id = 2; RESET MASTER; TRUNCATE shop.t; INSERT INTO shop.t VALUES (1, 'x')"
}

without_tls() {
    say "$NAME: a server without TLS"
    local to="root@127.0.0.1:$PORT/shop"
    reached preferred "mysql://$to?ssl-mode=preferred"
    reached disabled "mysql://$to?ssl-mode=disabled"
    for mode in required verify-ca verify-identity; do
        refused "$mode" "TLS" "mysql://$to?ssl-mode=$mode&ssl-ca=$WORK/tls/ca.crt"
    done
}

option_files() {
    say "$NAME: option files: [client], [cdc] above it, another file by defaults-file"
    local -x HOME=$WORK
    printf '[client]\nhost=127.0.0.1\nport=%s\nuser=plain\npassword=wrong-never-shown\n[cdc]\npassword=never-shown\n' "$PORT" >.my.cnf
    reached ".my.cnf" "mysql:///shop"
    printf '[client]\nhost=127.0.0.1\nport=%s\nuser=plain\npassword="never-shown"\n' "$PORT" >other.cnf
    printf '[client]\nhost=127.0.0.1\nport=1\nuser=nobody\n' >.my.cnf
    reached "defaults-file" "mysql:///shop?defaults-file=$WORK/other.cnf"
    reached "the URL above the file" "mysql://plain:never-shown@127.0.0.1:$PORT/shop"
    printf '[client]\nhost=127.0.0.1\nport=%s\nuser=plain\npassword=wrong-never-shown\n' "$PORT" >.my.cnf
    refused "a wrong password in the file" "Access denied for user 'plain'" "mysql:///shop"
    rm .my.cnf
    ! grep -q never-shown ./*.err lines || fail "$NAME: the password was shown"
}

users() { # rights of all of them
    my "CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY, v text)
        $(printf ';CREATE USER %s' "plain@'%' IDENTIFIED BY 'never-shown'" "encrypted@'%' IDENTIFIED BY 'right' REQUIRE SSL" "certified@'%' IDENTIFIED BY 'right' REQUIRE X509" "${MORE[@]}")"
    my "$(printf "GRANT ALL ON *.* TO %s@'%%';" plain encrypted certified special); RESET MASTER; INSERT INTO shop.t VALUES (1, 'x')"
}

CDC_MYSQL_CONF=$TLS_CONF begin mysql
MORE=("special@'%' IDENTIFIED WITH caching_sha2_password BY 'never-shown'")
users
say "mysql: caching_sha2_password, first without and then with the server's memory of it, over TLS and not"
for mode in disabled required; do
    my "FLUSH PRIVILEGES"
    reached "caching_sha2_password, $mode" "mysql://special:never-shown@127.0.0.1:$PORT/shop?ssl-mode=$mode"
    reached "caching_sha2_password again, $mode" "mysql://special:never-shown@127.0.0.1:$PORT/shop?ssl-mode=$mode"
done
refused "a wrong one" "Access denied for user 'special'" "mysql://special:never-shown-wrong@127.0.0.1:$PORT/shop"
tls_modes
option_files
CDC_MYSQL_CONF="tls_version=" "$ROOT/scripts/services" restart mysql >>services.log 2>&1 || fail "mysql without TLS"
without_tls

CDC_MARIADB_CONF="$TLS_CONF
plugin_load_add=auth_ed25519" begin mariadb
MORE=("special@'%' IDENTIFIED VIA ed25519 USING PASSWORD('never-shown')")
users
say "mariadb: ed25519, and a library without it"
reached ed25519 "mariadb://special:never-shown@127.0.0.1:$PORT/shop"
refused "a wrong one" "Access denied for user 'special'" "mariadb://special:never-shown-wrong@127.0.0.1:$PORT/shop"
MARIADB_PLUGIN_DIR=$WORK/no-plugins refused "no plugin" "client_ed25519" "mariadb://special:never-shown@127.0.0.1:$PORT/shop"
expect_words capture.err "MARIADB_PLUGIN_DIR"
tls_modes
option_files
CDC_MARIADB_CONF="" "$ROOT/scripts/services" restart mariadb >>services.log 2>&1 || fail "mariadb without TLS"
without_tls
say "all good"
