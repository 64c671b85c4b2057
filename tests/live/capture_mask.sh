#!/usr/bin/env bash
# --leave-out and --mask: in rows of a snapshot and in changes alike, in keys, `before`, unchanged
# and fetched values; the secret values leave neither process, in no line and no checkpoint.
source "$(dirname "$0")/lib.sh"
source "$HERE/capture_lib.sh"
start postgres
create_db
sql "CREATE TABLE people (email text PRIMARY KEY, name varchar(40), phone text, pin int, long text, n int);
     ALTER TABLE people ALTER long SET STORAGE EXTERNAL;
     CREATE TABLE visits (id int, email text, pin int, n int); ALTER TABLE visits REPLICA IDENTITY FULL"
printf 'key of the hashes\n' >mask.key
hash_of() { printf '%s' "$1" | openssl dgst -sha256 -hmac 'key of the hashes' | sed 's/.*= //'; }
edits=(--mask '*.email=hash' --mask 'people.phone=fixed:hidden' --mask 'people.long=hash' --mask-key mask.key
    --leave-out 'public.*.pin')
secret() { sql "SELECT 'secret-$1-' || repeat('s', $2)"; }
long1=$(secret long 3000)
sql "INSERT INTO people VALUES ('secret-a@x', 'A', 'secret-1', 424242, '$long1', 1), ('secret-b@x', 'B', NULL, NULL, NULL, 1);
     INSERT INTO visits VALUES (1, 'secret-a@x', 424242, 1)"

say "rows and changes"
cdc-snapshot --source "$(pg_url)" --slot "$SLOT" --create --chunk-rows 1 --checkpoint state.json "${edits[@]}" 2>snapshot.err |
    tee rows | cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "snapshot"
sql "UPDATE people SET n = 2"
sql "UPDATE people SET email = 'secret-c@x' WHERE email = 'secret-a@x'"
sql "DELETE FROM people WHERE email = 'secret-b@x'; INSERT INTO people VALUES ('secret-d@x', 'D', 'secret-2', 424242, 'secret-short', 1)"
sql "UPDATE visits SET n = 2; INSERT INTO visits VALUES (2, 'secret-d@x', 424242, 1)"
capture --checkpoint state.json --exit-at-end "${edits[@]}" 2>capture.err |
    tee changes | cdc-load --target "$TARGET" --checkpoint state.json 2>load.err || fail "capture"
cat rows changes state.json ./*.err >everything
grep -qE 'secret-|424242' everything && fail "a secret left: $(grep -oE '.{40}(secret-|424242).{20}' everything | head -n 3)"

a=$(hash_of secret-a@x) c=$(hash_of secret-c@x) d=$(hash_of secret-d@x)
expect "row" "$(jq -c 'select(.op == "r" and .after.name == "A") | [.key, .after.phone, .after.long, (.after | has("pin"))]' rows)" \
    "[{\"email\":\"$a\"},\"hidden\",\"$(hash_of "$long1")\",false]"
expect "NULL stays" "$(jq -c 'select(.op == "r" and .after.name == "B") | [.after.phone, .after.long]' rows)" "[null,null]"
expect "shape" "$(jq -c 'select(.table.name == "public.people") | [.table.columns[] | [.name, .type]]' changes | sed -n 1p)" \
    '[["email","text"],["name","character varying(40)"],["phone","text"],["long","text"],["n","integer"]]'
expect "the same shape in the snapshot" "$(jq -r 'select(.table.name == "public.people") | .table.version' rows changes | sort -u | wc -l)" 1
expect "an unchanged long value stays unchanged" "$(jq -c 'select(.op == "u" and .key.email == "'"$a"'") | [.unchanged, .after.phone]' changes)" '[["long"],"hidden"]'
expect "a key change" "$(jq -c 'select(.key_after) | [.op, .key.email, .before.email, .key_after.email]' changes)" "[\"d\",\"$a\",\"$a\",\"$c\"]"
expect "a fetched value" "$(jq -c 'select(.key_before) | [.after.email, .after.long, .source.fetched]' changes)" \
    "[\"$c\",\"$(hash_of "$long1")\",[\"long\"]]"
expect "before, under FULL" "$(jq -c 'select(.op == "u" and .source.table == "visits") | [.before, .after]' changes)" \
    "[{\"id\":1,\"email\":\"$a\",\"n\":1},{\"id\":1,\"email\":\"$a\",\"n\":2}]"
expect "the target" "$(ch "SELECT email, name, phone, long, n FROM people ORDER BY name FORMAT CSV" | tr -d '"' | tr '\n' ' ')" \
    "$c,A,hidden,$(hash_of "$long1"),2 $d,D,hidden,$(hash_of secret-short),1 "

say "behind a new description of the table"
sql "INSERT INTO people VALUES ('secret-h@x', 'H', NULL, NULL, NULL, 1)"
sql "ALTER TABLE people ADD more int; INSERT INTO people VALUES ('secret-g@x', 'G', NULL, NULL, NULL, 1)"
capture --peek --exit-at-end "${edits[@]}" >lines 2>/dev/null
expect "hash" "$(jq -r 'select(.after.name == "G") | .key.email' lines)" "$(hash_of secret-g@x)"

say "a key file that is replaced while the stream runs: hashes stay as they began"
capture --peek --exit-at-end "${edits[@]}" >lines 2>/dev/null
sql "INSERT INTO people VALUES ('secret-e@x', 'E', NULL, NULL, NULL, 1)"
cp mask.key mask.kept
rm -f lines
cdc-capture --source "$(pg_url)" --slot "$SLOT" --peek "${edits[@]}" >lines 2>rotated.err &
stream=$!
wait_until 20 grep -q '"name":"E"' lines
printf 'another key\n' >mask.key
sql "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '$SLOT'" >/dev/null
wait_until 20 slot_active
sql "INSERT INTO people VALUES ('secret-f@x', 'F', NULL, NULL, NULL, 1)"
wait_until 20 grep -q '"name":"F"' lines
kill -TERM $stream
wait $stream || fail "the stream ended with $?"
expect_words rotated.err "trying again"
expect "hash behind the rotation" "$(jq -r 'select(.after.name == "F") | .key.email' lines)" "$(hash_of secret-f@x)"
mv mask.kept mask.key

say "a column, or its table, that is renamed: its values do not leave under the other name"
sql "CREATE TABLE kept (id int PRIMARY KEY, email text, pin int); CREATE TABLE moved (id int PRIMARY KEY, pin int)"
no_secret() { grep -qE 'secret-|424242' "$1" && fail "a secret left: $(grep -oE '.{40}(secret-|424242).{20}' "$1" | head -n 3)"; true; }
pass_all() {
    wait_until 20 slot_free
    sql "SELECT pg_replication_slot_advance('$SLOT', pg_current_wal_flush_lsn())" >/dev/null
}
renamed() { # SQL, OPTIONS…: the stream ends at it
    local ddl=$1 code=0
    shift
    pass_all
    rm -f lines refused.err
    capture --peek --until-idle 30s "$@" >lines 2>refused.err &
    local stream=$!
    wait_until 20 grep -q 'streaming from' refused.err
    sql "INSERT INTO kept VALUES (1, 'secret-k@x', 424242); INSERT INTO moved VALUES (1, 424242)"
    wait_until 20 grep -q '"op":"c"' lines
    sql "$ddl"
    wait $stream || code=$?
    expect "ends with" "$code" 4
    no_secret lines
    sql "TRUNCATE kept" && sql "DROP TABLE IF EXISTS gone, moved; CREATE TABLE moved (id int PRIMARY KEY, pin int)"
}
renamed "ALTER TABLE kept RENAME email TO mail; INSERT INTO kept VALUES (2, 'secret-l@x', 424242)" "${edits[@]}"
expect_words refused.err "column 'public.kept.mail' is called 'public.kept.email'"
expect_words refused.err "--allow-no-match"
sql "ALTER TABLE kept RENAME mail TO email"
renamed "ALTER TABLE kept RENAME pin TO code" "${edits[@]}"
expect_words refused.err "column 'public.kept.code' is called 'public.kept.pin'"
sql "ALTER TABLE kept RENAME code TO pin"
renamed "ALTER TABLE moved RENAME TO gone; INSERT INTO gone VALUES (2, 424242)" --leave-out moved.pin --leave-out kept.pin --mask kept.email=hash
expect_words refused.err "column 'public.gone.pin' is called 'public.moved.pin'"
pass_all
sql "INSERT INTO kept VALUES (3, 'secret-m@x', 424242)"
sql "ALTER TABLE kept RENAME email TO mail"
expect_exit 4 capture --peek --exit-at-end --mask kept.mail=hash --leave-out kept.pin 2>refused.err >lines
no_secret lines
expect_words refused.err "column 'public.kept.email' is called 'public.kept.mail'"
capture --peek --exit-at-end --mask kept.mail=hash --mask kept.email=hash --mask-key mask.key --leave-out kept.pin --allow-no-match >lines 2>/dev/null
no_secret lines
expect "by both names" "$(jq -r 'select(.op == "c") | .after.email' lines)" "$(hash_of secret-m@x)"

say "a table that was renamed, or moved to another schema, while the stream was behind"
pass_all
sql "INSERT INTO moved VALUES (5, 424242); ALTER TABLE moved RENAME TO gone"
expect_exit 4 capture --peek --exit-at-end --leave-out gone.pin 2>refused.err >lines
no_secret lines
expect_words refused.err "column 'public.moved.pin' is called 'public.gone.pin'"
sql "CREATE SCHEMA apart; ALTER TABLE gone SET SCHEMA apart; ALTER TABLE apart.gone RENAME pin TO code"
expect_exit 4 capture --peek --exit-at-end --leave-out apart.gone.code 2>refused.err >lines
no_secret lines
capture --peek --exit-at-end --leave-out apart.gone.code --leave-out public.moved.pin --allow-no-match >lines 2>/dev/null
no_secret lines
expect "by both names of the table" "$(jq -c 'select(.op == "c") | .after' lines)" '{"id":5}'
sql "CREATE TABLE typed (id int PRIMARY KEY, pin int)"
pass_all
sql "INSERT INTO typed VALUES (1, 424242); ALTER TABLE typed ALTER pin TYPE text, ADD pin2 text; ALTER TABLE typed RENAME pin TO code"
expect_exit 4 capture --peek --exit-at-end --leave-out typed.code 2>refused.err >lines
no_secret lines

say "what cannot be"
sql "UPDATE people SET n = 3"
expect_exit 4 capture --peek --exit-at-end --leave-out people.email 2>refused.err >lines
expect_words refused.err "belongs to its key"
expect_exit 4 capture --peek --exit-at-end --mask 'people.email=fixed:x' 2>refused.err >lines
expect_words refused.err "--mask COLUMN=hash"
expect_exit 2 capture --peek --mask 'people.email' 2>refused.err >lines
expect_exit 2 capture --peek --leave-out 'email' 2>refused.err >lines
expect_exit 2 capture --peek --mask 'people.email=hash' --mask-key nowhere 2>refused.err >lines
say "all good"
