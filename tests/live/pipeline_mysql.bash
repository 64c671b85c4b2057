# Words of the tests of pipelines out of MySQL and MariaDB; source it behind lib.sh. CDC_TEST_MYSQL_SERVICES: mysql or mariadb.
# MYSQL_DB is the database of both sides.
. "$HERE/pipeline.bash"
SERVER=${CDC_TEST_MYSQL_SERVICES:-mysql}
export PIPELINE_LOCAL_SOURCE=$SERVER

# Addresses of the local services, once they run.
find_servers() {
    eval "$("$ROOT/scripts/services" env "$SERVER" kafka clickhouse)"
    [ "$SERVER" = mysql ] && SOURCE=$CDC_TEST_MYSQL_URL || SOURCE=$CDC_TEST_MARIADB_URL
    TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=$MYSQL_DB
}
client() { mariadb --no-defaults -h 127.0.0.1 -P "${SOURCE##*:}" -u root --default-character-set=utf8mb4 "$@"; }
my() { client -NB "$MYSQL_DB" -e "$1"; }
