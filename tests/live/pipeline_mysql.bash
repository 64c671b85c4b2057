# Words of the tests of scripts/pipelines/mysql-users; source it behind lib.sh. CDC_TEST_MYSQL_SERVICES: mysql or mariadb.
SERVER=${CDC_TEST_MYSQL_SERVICES:-mysql}
export PIPELINE_STATE=$WORK/state PIPELINE_SERVICES_DIR=$CDC_SERVICES_DIR PIPELINE_LOCAL_SOURCE=$SERVER
export METRICS_PORT=$((20000 + RANDOM % 12000)) AGGREGATE_S=1
pipeline=$ROOT/scripts/pipelines/mysql-users
state=$PIPELINE_STATE/mysql-users
at_end() { "$pipeline" destroy --yes; }

# Addresses of the local services, once they run.
find_servers() {
    eval "$("$ROOT/scripts/services" env "$SERVER" kafka clickhouse)"
    [ "$SERVER" = mysql ] && SOURCE=$CDC_TEST_MYSQL_URL || SOURCE=$CDC_TEST_MARIADB_URL
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=mydb
}
my() { mariadb --no-defaults -h 127.0.0.1 -P "${SOURCE##*:}" -u root --default-character-set=utf8mb4 -NB mydb -e "$1"; }
# A database with the sample's tables, and a user with the rights of the pages.
make_source() {
    mariadb --no-defaults -h 127.0.0.1 -P "${SOURCE##*:}" -u root -e "CREATE DATABASE mydb CHARACTER SET utf8mb4;
        CREATE USER cdc IDENTIFIED BY 'first'; GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD ON *.* TO cdc; GRANT SELECT, LOCK TABLES ON mydb.* TO cdc"
    my "$(cat "$ROOT/scripts/pipelines/sql/mydb.sql")"
}
status() { "$pipeline" status --pipes >status.txt 2>&1; }
is() { status || true; grep -Eq "^  $1 +$2 " status.txt; } # PIPE STATE
restarts() { cat "$state/run/$1.restarts"; }
tool() { pgrep -s "$(sed -n 's/^pid=\([0-9]*\).*/\1/p' "$state/run/$1")" -x "$2"; } # PIPE TOOL: its process
admin() { "$HERE/kafka_admin.py" "$CDC_TEST_KAFKA_BROKERS" "$@"; }
topic_end() { # TABLE: records of all partitions
    local topic=mysql-cdc.mydb.$1
    kcat -q -b "$CDC_TEST_KAFKA_BROKERS" -Q -t "$topic:0:-1" -t "$topic:1:-1" -t "$topic:2:-1" | awk '{ n += $NF } END { print n }'
}

verified() { "$pipeline" verify >verify.txt 2>verify.err || { cat verify.txt; fail "verify"; }; }

# The rows of both sides, as text, without our own comparator.
same_rows() {
    local table
    for table in users products orders; do
        my "SELECT * FROM $table ORDER BY id" >"$table.source"
        ch "SELECT * FROM $table ORDER BY id FORMAT TSVRaw SETTINGS output_format_decimal_trailing_zeros = 1" | sed 's/\\N/NULL/g' >"$table.target"
        cmp -s "$table.source" "$table.target" || return 1
    done
}
same_counts() {
    my "SELECT DATE(created_at), country, COUNT(*) FROM users GROUP BY 1, 2 ORDER BY 1, 2" >days.source
    ch "SELECT day, country, users FROM users_by_day ORDER BY day, country FORMAT TabSeparated" >days.target
    cmp -s days.source days.target
}
parity() {
    verified
    wait_until 30 same_rows
    wait_until 30 same_counts
}
