#!/usr/bin/env bash
# --encrypt of capture and snapshot, and cdc-consume --decrypt: rows and changes of PostgreSQL and MySQL go through Kafka;
# values leave neither process in the clear, equal ones stay equal (of =gcm: no two are), and who has the key reads
# them as they were.
. "$(dirname "$0")/lib.sh"
start postgres mysql kafka
create_db
my() { mariadb --no-defaults -h 127.0.0.1 -P "${CDC_TEST_MYSQL_URL##*:}" -u root --default-character-set=utf8mb4 -NB -e "$1" shop; }
mariadb --no-defaults -h 127.0.0.1 -P "${CDC_TEST_MYSQL_URL##*:}" -u root -e "CREATE DATABASE shop CHARACTER SET utf8mb4"
TABLES="CREATE TABLE people (email varchar(60) PRIMARY KEY, name varchar(40), phone varchar(40), pin int, n int)"
ROWS="INSERT INTO people VALUES ('secret-a@x', 'A', 'secret \"1\"', 424242, 1), ('secret-b@x', 'B', NULL, NULL, 1), ('', 'C', '', 0, 1), ('secret-ü', 'D', 'siv1:00000000:x', 1, 1)"
CHANGES="UPDATE people SET n = 2; UPDATE people SET email = 'secret-c@x' WHERE name = 'A'; DELETE FROM people WHERE name = 'B';
    INSERT INTO people VALUES ('secret-e@x', 'E', 'secret \"1\"', 424242, 1)"
head -c 32 /dev/urandom | base64 >key
head -c 32 /dev/urandom | base64 >other.key
edits=(--encrypt '*.email' --encrypt 'people.phone' --encrypt 'people.pin=gcm' --encrypt-key key)
topic() { cdc-consume --brokers "$CDC_TEST_KAFKA_BROKERS" --topics "$1" --exit-at-end "${@:2}"; }
final() { jq -sc '[.[] | select(.op)] | reduce .[] as $line ({}; if $line.op == "d" then del(.[$line.key.email]) else .[$line.key.email] = [$line.after.name, $line.after.phone, $line.after.pin, $line.after.n] end)'; }
WANTED='{"secret-c@x":["A","secret \"1\"","424242",2],"":["C","","0",2],"secret-ü":["D","siv1:00000000:x","1",2],"secret-e@x":["E","secret \"1\"","424242",1]}'

through() { # NAME SOURCE OPTION…: rows, then changes, into the topics NAME.*
    local name=$1 source=$2
    cdc-snapshot --source "$source" "${@:3}" --checkpoint "$name.json" --prefix "$name" "${edits[@]}" 2>snapshot.err | tee "$name.lines.0" |
        cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix "$name" --partitions 1 --checkpoint "$name.json" 2>publish.err || fail "snapshot of $name"
    "change_$name"
    cdc-capture --source "$source" ${SLOT:+--slot "$SLOT"} --checkpoint "$name.json" --exit-at-end --prefix "$name" "${edits[@]}" 2>capture.err | tee "$name.lines.1" |
        cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix "$name" --checkpoint "$name.json" 2>publish.err || fail "capture of $name"
    cat "$name".lines.* "$name.json" ./*.err >everything
    ! grep -qE 'secret|424242' everything || fail "a secret left: $(grep -oE '.{40}(secret|424242).{20}' everything | head -n 3)"
    topic "$name.*people" --decrypt key 2>consume.err >"$name.clear" || fail "consume"
    expect "$name, read with the key" "$(final <"$name.clear" | jq -cS .)" "$(jq -cS . <<<"$WANTED")"
    topic "$name.*people" --decrypt other.key 2>consume.err >"$name.other" || fail "consume with another key"
    ! grep -q secret "$name.other" || fail "another key reads it"
    expect "equal values" "$(jq -r 'select(.op != "d" and (.after.name == "A" or .after.name == "E")) | .after.phone' "$name.other" | sort -u | wc -l)" 1
    expect "no equal values of gcm" "$(jq -r 'select(.op != "d" and (.after.name == "A" or .after.name == "E")) | .after.pin' "$name.other" |
        grep '^gcm1:' | sort | uniq -c | awk '{ print $1 }' | sort -u)" 1
    topic "$name.*people" --decrypt other.key --decrypt key 2>consume.err >"$name.both" || fail "consume with both keys"
    cmp -s <(grep -v '^{"checkpoint"' "$name.clear") <(grep -v '^{"checkpoint"' "$name.both") || fail "several keys"
    expect "shape" "$(jq -c 'select(.table) | [.table.columns[] | .type] | unique' "$name.other" | sed -n 1p | jq -r '.[]' | grep -c '^text$')" 1
}

say "PostgreSQL"
sql "$TABLES; $ROWS"
change_pg() { sql "$CHANGES"; }
SLOT=enc through pg "$(pg_url)" --slot enc --create
say "MySQL"
my "$TABLES; $ROWS"
change_mysql() { my "$CHANGES"; }
through mysql "$CDC_TEST_MYSQL_URL/shop"

say "verify compares by what the stream made of them"
cat pg.lines.* | cdc-load --target "$TARGET" 2>load.err || fail "load"
cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${edits[@]}" >verify.txt 2>verify.err || { cat verify.txt; fail "verify"; }
expect_words verify.txt "same"
sql "UPDATE people SET phone = 'another' WHERE name = 'E'"
expect_exit 1 cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${edits[@]}" >verify.txt 2>verify.err

say "columns of gcm are not compared"
sql "UPDATE people SET phone = 'secret \"1\"', pin = 7 WHERE name = 'E'"
cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${edits[@]}" >verify.txt 2>verify.err || { cat verify.txt; fail "verify of gcm"; }
expect_words verify.txt "without pin"
sql "UPDATE people SET name = 'e' WHERE name = 'E'"
expect_exit 1 cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${edits[@]}" >verify.txt 2>verify.err

say "changes that come twice: other bytes under the same order, of which a sink keeps one"
for i in 1 2; do
    cdc-capture --source "$(pg_url)" --slot enc --peek --exit-at-end "${edits[@]}" >"again.$i" 2>capture.err || fail "peek"
done
expect "orders" "$(jq -r 'select(.op).source.order' again.1)" "$(jq -r 'select(.op).source.order' again.2)"
[ "$(jq -r 'select(.op).after.pin' again.1)" != "$(jq -r 'select(.op).after.pin' again.2)" ] || fail "equal values of gcm"
cat again.1 again.2 | cdc-load --target "$TARGET" 2>load.err || fail "load twice"
cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${edits[@]}" >verify.txt 2>verify.err || { cat verify.txt; fail "verify after both"; }
expect "one row each" "$(cdc-query "$TARGET" "SELECT count(), uniqExact(email), countIf(pin LIKE 'gcm1:%') FROM people")" "$(printf '4\t4\t4')"

say "a repair writes them"
sql "CREATE TABLE items (id int PRIMARY KEY, name text, pin int); INSERT INTO items VALUES (1, 'a', 424242)"
gcm=(--tables '*.items' --encrypt items.pin=gcm --encrypt-key key)
cdc-snapshot --source "$(pg_url)" "${gcm[@]}" 2>snapshot.err | cdc-load --target "$TARGET" 2>load.err || fail "items"
sql "UPDATE items SET name = 'b', pin = 424243"
cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${gcm[@]}" --repair >repair.lines 2>verify.err || true
expect "the repair" "$(jq -r 'select(.op) | [.after.name, .after.pin[0:5]] | join(" ")' repair.lines)" "b gcm1:"
cdc-load --target "$TARGET" <repair.lines 2>load.err || fail "load of the repair"
cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "${gcm[@]}" >verify.txt 2>verify.err || { cat verify.txt; fail "verify behind the repair"; }

say "what was altered is named with its place; what is wrong is refused"
for form in siv1 gcm1; do
    awk '{ print } /"op":"r"/ { exit }' pg.lines.0 | sed -E "s/($form:[0-9a-f]{8}:)./\\1!/" >altered.in
    cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix "altered-$form" --partitions 1 <altered.in 2>publish.err || fail "publish"
    expect_exit 5 topic "altered-$form.*people" --decrypt key 2>err >lines.err
    expect_words err "offset"
    awk '{ print } /"op":"r"/ && ++rows == 2 { exit }' pg.lines.0 | sed -E "0,/$form:/s/($form:[0-9a-f]{8}:)./\\1!/" >altered.in
    cdc-publish --brokers "$CDC_TEST_KAFKA_BROKERS" --prefix "parted-$form" --partitions 1 --envelope payload <altered.in 2>publish.err || fail "publish"
    topic "parted-$form.*people" --decrypt key --on-error dead-letter --dead-letter letters 2>err >parted.lines || fail "consume with dead letters"
    expect "behind a dead letter" "$(jq -r 'keys_unsorted[0]' parted.lines | paste -sd' ')" "table key checkpoint"
done
refused() { expect_exit 2 cdc-capture --source "$(pg_url)" --slot enc --peek --exit-at-end "$@" 2>err >lines.err; }
refused --encrypt people.email
refused --encrypt people.emial --encrypt-key key
expect_words err "people.email"
echo short >short.key
refused --encrypt people.email --encrypt-key short.key
expect_words err "wants 32"
refused --encrypt people.email --encrypt-key nowhere
refused --encrypt people.phone=aes --encrypt-key key
expect_words err "=gcm"
sql "CREATE TABLE visits (id int, pin int); ALTER TABLE visits REPLICA IDENTITY FULL; INSERT INTO visits VALUES (1, 424242)"
my "CREATE TABLE visits (id int, pin int); INSERT INTO visits VALUES (1, 424242)"
for source in "$(pg_url)" "$CDC_TEST_MYSQL_URL/shop"; do
    expect_exit 2 cdc-snapshot --source "$source" --encrypt people.email=gcm --encrypt-key key >lines.err 2>err
    expect_words err "belongs to its key"
    expect_words err "=siv"
    expect_exit 2 cdc-snapshot --source "$source" --tables '*.visits' --encrypt visits.pin=gcm --encrypt-key key >lines.err 2>err
    expect_words err "has no key"
    expect_words err "=siv"
done
say "all good"
