# Words of the tests of scripts/pipelines/mysql-users; source it behind lib.sh. CDC_TEST_MYSQL_SERVICES: mysql or mariadb.
. "$HERE/pipeline_mysql.bash"
export AGGREGATE_S=1
MYSQL_DB=mydb
the_pipeline mysql-users
at_end() { "$pipeline" destroy --yes; }

# A database with the sample's tables, and a user with the rights of the pages.
make_source() {
    client -e "CREATE DATABASE mydb CHARACTER SET utf8mb4;
        CREATE USER cdc IDENTIFIED BY 'first'; GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD ON *.* TO cdc; GRANT SELECT, LOCK TABLES ON mydb.* TO cdc"
    my "$(cat "$ROOT/scripts/pipelines/sql/mydb.sql")"
}
users_end() { topic_end "mysql-cdc.mydb.$1"; } # TABLE: records of all partitions

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
