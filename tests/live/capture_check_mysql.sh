#!/usr/bin/env bash
# --check of MySQL and MariaDB: settings, rights and retention, each with what it means and the way out; run, it
# is ready. What it calls not ready a run refuses with the same status. Pain 33: retention is told.
source "$(dirname "$0")/lib.sh"

my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" "${@:2}"; }
check() { cdc-capture --source "$USER_URL" --check "$@" 2>check.err; }
told() { # WORDS REMEDY: it is ready, and says this
    check || fail "not ready: $(cat check.err)"
    expect_words check.err "$1"
    expect_words check.err "$2"
}
not_ready() { # WORDS REMEDY
    expect_exit 4 check
    expect_words check.err "$1"
    expect_words check.err "$2"
    expect_words check.err "not ready"
}
remedy() { my "$(grep -o "$1[^;]*;" check.err | head -n 1)"; }
refused() { # WORDS: so does a run
    expect_exit 4 cdc-capture --source "$USER_URL" --exit-at-end >lines 2>run.err
    expect_words run.err "$1"
    [ ! -s lines ] || fail "lines of a stream that is refused"
}

rights() {
    say "$NAME: rights, one after the other"
    my "CREATE USER reader@'%' IDENTIFIED BY 'right'; CREATE DATABASE shop; CREATE TABLE shop.orders (id int PRIMARY KEY)"
    expect_exit 4 check
    expect_words check.err "the user may not ask about the log"
    expect_words check.err "the user sees no table to capture"
    expect_exit 4 cdc-capture --source "$USER_URL" --exit-at-end >lines 2>run.err
    expect_words run.err "GRANT $ASK ON"
    remedy "GRANT $ASK"
    not_ready "the user may not read the log" "GRANT REPLICATION SLAVE ON *.* TO 'reader'@'%';"
    refused "REPLICATION SLAVE"
    remedy "GRANT REPLICATION SLAVE"
    my "GRANT INSERT ON shop.* TO reader@'%'"
    not_ready "the user may not read 1 tables: 'shop.orders'" "GRANT SELECT ON \`shop\`.* TO 'reader'@'%';"
    remedy "GRANT SELECT"
    told "tables: 1 to capture" "without RELOAD"
    remedy "GRANT RELOAD"
    check || fail "not ready"
    ! grep -q "without RELOAD" check.err || fail "RELOAD was granted: $(cat check.err)"
    expect_words check.err "as reader@127.0.0.1"

    say "$NAME: the rights of a role"
    my "CREATE ROLE cdc; GRANT REPLICATION SLAVE, $ASK, SELECT, RELOAD ON *.* TO cdc; CREATE USER by_role@'%' IDENTIFIED BY 'right';
        GRANT cdc TO by_role@'%'; $DEFAULT_ROLE"
    USER_URL=${USER_URL/reader:/by_role:} check || fail "not ready by a role: $(cat check.err)"
    ! grep -q "without RELOAD" check.err || fail "the role has RELOAD: $(cat check.err)"

    say "$NAME: a table that the user may not read, and the log has"
    my "CREATE USER limited@'%' IDENTIFIED BY 'right'; GRANT REPLICATION SLAVE, $ASK ON *.* TO limited@'%';
        GRANT SELECT ON shop.orders TO limited@'%'; CREATE TABLE shop.hidden (id int PRIMARY KEY, v int); INSERT INTO shop.hidden VALUES (1, 1)"
    USER_URL=${USER_URL/reader:/limited:} told "the user may not read all of database 'shop'" "GRANT SELECT ON \`shop\`.*"
    expect_exit 4 cdc-capture --source "${USER_URL/reader:/limited:}" --from-position earliest --exit-at-end >lines 2>run.err
    expect_words run.err "the user may not read table 'shop.hidden'"
    my "GRANT SELECT (id) ON shop.hidden TO limited@'%'"
    expect_exit 4 cdc-capture --source "${USER_URL/reader:/limited:}" --from-position earliest --exit-at-end >lines 2>run.err
    expect_words run.err "the user may not read column 'v' of table 'shop.hidden'"
    cdc-capture --source "${USER_URL/reader:/limited:}" --from-position earliest --exit-at-end --exclude shop.hidden >lines 2>run.err ||
        fail "$(cat run.err)"
    my "GRANT SELECT ON shop.hidden TO limited@'%'; DROP TABLE shop.hidden"
    cdc-capture --source "${USER_URL/reader:/limited:}" --from-position earliest --exit-at-end >lines 2>run.err ||
        fail "the table was dropped: $(cat run.err)"

    say "$NAME: a wrong password, a user that is not there"
    for user in reader:wrong nobody:right; do
        expect_exit 4 cdc-capture --source "${USER_URL/reader:right/$user}" --check 2>check.err
        expect_words check.err "Access denied for user '${user%%:*}'"
        ! grep -q ":wrong\|'wrong'" check.err || fail "the password was shown"
    done
}

settings() {
    say "$NAME: settings with which capture cannot work"
    my "SET GLOBAL binlog_format=STATEMENT"
    not_ready "binlog_format is STATEMENT" "SET GLOBAL binlog_format=ROW"
    refused "binlog_format is STATEMENT"
    my "SET GLOBAL binlog_format=ROW; SET GLOBAL binlog_row_metadata=MINIMAL"
    not_ready "binlog_row_metadata is MINIMAL" "SET GLOBAL binlog_row_metadata=FULL"
    my "SET GLOBAL binlog_row_metadata=FULL"

    say "$NAME: settings that mean less"
    my "SET GLOBAL binlog_row_image=MINIMAL"
    told "binlog_row_image is MINIMAL" "SET GLOBAL binlog_row_image=FULL"
    my "SET GLOBAL binlog_row_image=FULL"
    my "SET GLOBAL binlog_expire_logs_seconds=3600"
    told "loses its place (exit status 3)" "SET GLOBAL binlog_expire_logs_seconds=604800"
    expect_words check.err "for more than 60 minutes"
    my "SET GLOBAL binlog_expire_logs_seconds=864000"
    told "log: files are kept for 10 days" "log: "
    my "SET GLOBAL binlog_expire_logs_seconds=0"
    told "no file is removed for its age" "ready"
}

places() {
    say "$NAME: a checkpoint, and one whose log is gone"
    cdc-capture --source "$USER_URL" --from-position earliest --exit-at-end >lines 2>run.err || fail "$(cat run.err)"
    grep '^{"checkpoint"' lines | tail -n 1 >place.json
    check --checkpoint place.json || fail "not ready: $(cat check.err)"
    expect_words check.err "the log has what follows binlog.0"
    my "FLUSH BINARY LOGS; FLUSH BINARY LOGS"
    purge_logs_to "$(my "SHOW BINARY LOGS" | tail -n 1 | cut -f 1)"
    sed -i 's/"gtids":"[^"]*"/"gtids":""/' place.json
    expect_exit 3 check --checkpoint place.json
    expect_words check.err "not ready"
}

begin() { # NAME: a server with a URL of the user 'reader'
    NAME=$1
    start "$NAME"
    local url=CDC_TEST_${NAME^^}_URL
    PORT=${!url##*:}
    PORT=${PORT%%/*}
    USER_URL=mysql://reader:right@127.0.0.1:$PORT/
}

begin mysql
ASK="REPLICATION CLIENT" DEFAULT_ROLE="SET DEFAULT ROLE ALL TO by_role@'%'"
rights
places
settings
my "SET GLOBAL binlog_row_value_options=PARTIAL_JSON"
told "what changed is applied to the value before" "gtid_mode is ON"
my "SET GLOBAL binlog_row_image=MINIMAL"
told "capture stops where the log lacks the value before" "SET GLOBAL binlog_row_image=FULL"
my "SET GLOBAL binlog_row_value_options='', binlog_row_image=FULL; SET GLOBAL gtid_mode=ON_PERMISSIVE"
told "gtid_mode is ON_PERMISSIVE: the stream goes on at this server only" "enforce_gtid_consistency=ON"
left() { # a database out of the log, and what a replica gets
    begin "$1"
    say "$1: a database that is left out of the log"
    my "CREATE DATABASE left_out; CREATE TABLE left_out.t (id int PRIMARY KEY); GRANT SELECT ON left_out.* TO reader@'%'"
    not_ready "database 'left_out' is left out of the binary log by binlog_ignore_db" "or leave the database out"
    refused "database 'left_out' is left out"
    my "DROP DATABASE left_out"
    told "binlog_ignore_db is set" "ready"
    say "$1: a replica that does not log what it gets"
    my "$2"
    my "GRANT $3 ON *.* TO reader@'%'"
    not_ready "the source is a replica" "or capture from its own source"
    refused "the source is a replica"
    my "$4"
    told "binlog_ignore_db is set" "ready"
}

CDC_MYSQL_CONF=$'binlog-ignore-db=left_out\nlog_replica_updates=OFF' "$ROOT/scripts/services" restart mysql >>services.log 2>&1
left mysql "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=1, SOURCE_USER='r'" "REPLICATION CLIENT" \
    "RESET REPLICA ALL"
CDC_MYSQL_CONF="skip-log-bin" "$ROOT/scripts/services" restart mysql >>services.log 2>&1
begin mysql
say "mysql: no binary log"
not_ready "the source writes no binary log" "start the server with log_bin and server_id set"
refused "writes no binary log"

begin mariadb
ASK="BINLOG MONITOR" DEFAULT_ROLE="SET DEFAULT ROLE cdc FOR by_role@'%'"
rights
places
settings
my "SET GLOBAL gtid_strict_mode=OFF"
told "gtid_strict_mode is OFF" "SET GLOBAL gtid_strict_mode=ON"
CDC_MARIADB_CONF="binlog-ignore-db=left_out" "$ROOT/scripts/services" restart mariadb >>services.log 2>&1
left mariadb "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='r'" "REPLICA MONITOR" "RESET SLAVE ALL"
say "all good"
