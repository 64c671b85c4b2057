#!/usr/bin/env bash
# Records NAME.sql anew as NAME.SERVICE.bin, a file of the server's binary log:
#   tests/data/binlog/record.sh SERVICE NAME…      the service is started; its log is reset
# The golden lines NAME.SERVICE.ndjson are then to be looked at and written again (CDC_TEST_REWRITE=1
# build/bin/unit_tests).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
services=$here/../../../scripts/services
service=$1
shift
"$services" start "$service"
data=${CDC_SERVICES_DIR:-/tmp/cdc-services-$UID}/$service/data
eval "$("$services" env "$service")"
variable=CDC_TEST_${service^^}_URL
url=${!variable}
run() { mariadb --no-defaults -h127.0.0.1 -P"${url##*:}" -uroot --default-character-set=utf8mb4 "$@"; }
reset='RESET MASTER'
[ "$service" != mysql9 ] || reset='RESET BINARY LOGS AND GTIDS'
for name in "$@"; do
    checksum=CRC32
    compress=OFF
    case $name in types | json) checksum=NONE ;; compressed) compress=ON ;; esac
    run -e "SET GLOBAL binlog_checksum = $checksum; DROP DATABASE IF EXISTS record; CREATE DATABASE record CHARACTER SET utf8mb4"
    case $service in
    mariadb*) run -e "SET GLOBAL log_bin_compress = $compress, GLOBAL log_bin_compress_min_len = 10" ;;
    *) run -e "SET GLOBAL binlog_transaction_compression = $compress" ;;
    esac
    run -e "$reset"
    run record <"$here/$name.sql"
    run -e "FLUSH BINARY LOGS"
    cp "$data/binlog.000001" "$here/$name.$service.bin"
    chmod 644 "$here/$name.$service.bin"
    run -e "SET GLOBAL binlog_checksum = CRC32"
    ls -l "$here/$name.$service.bin"
done
