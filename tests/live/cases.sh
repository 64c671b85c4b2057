#!/usr/bin/env bash
# The cases of tests/cases against private servers, each ending row by row as a fresh snapshot of the
# same database would. CDC_TEST_SHARD=1/4: every fourth case, from the first. CDC_TEST_CASES=mysql: those of
# MySQL and MariaDB, on servers with settings that are unusual. CDC_TEST_ONLY='drop* types*': only these, of any shard.
source "$(dirname "$0")/lib.sh"
case ${CDC_TEST_CASES:-postgres} in
postgres) start postgres clickhouse; all=("$ROOT"/tests/cases/postgres/*.sql) ;;
mysql)
    unusual='default-time-zone=+05:45
character-set-server=latin1
sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE'
    export CDC_MYSQL_CONF=$unusual CDC_MARIADB_CONF=$unusual
    start mysql mariadb clickhouse
    all=("$ROOT"/tests/cases/mysql/*.sql "$ROOT"/tests/cases/mariadb/*.sql)
    ;;
*) fail "CDC_TEST_CASES is '$CDC_TEST_CASES'" ;;
esac
shard=${CDC_TEST_SHARD:-1/1}
files=()
number=0
read -ra patterns <<<"${CDC_TEST_ONLY:-}"
only() { # FILE
    local pattern
    for pattern in "${patterns[@]}"; do
        # shellcheck disable=SC2053
        [[ $(basename "$1" .sql) != $pattern ]] || return 0
    done
    return 1
}
for file in "${all[@]}"; do
    if [ ${#patterns[@]} -gt 0 ]; then
        ! only "$file" || files+=("$file")
        continue
    fi
    number=$((number + 1))
    ((number % ${shard#*/} != ${shard%/*} % ${shard#*/})) || files+=("$file")
done
[ ${#files[@]} -gt 0 ] || fail "no case in ${CDC_TEST_ONLY:-$shard}"
PATH=/usr/lib/postgresql/15/bin:$PATH TMPDIR=$WORK "$ROOT/tests/cases/run" --jobs 4 "${files[@]}" || fail "some cases of $shard"
