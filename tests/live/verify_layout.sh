#!/usr/bin/env bash
# cdc-verify of targets that are not made as usual: a history, other names of tables and columns, and
# columns that the stream masks or leaves out. A repair writes masked what the stream masks.
source "$(dirname "$0")/lib.sh"
start postgres clickhouse
create_db
ch() { printf '%s' "$1" | curl -sS --fail-with-body --data-binary @- "${TARGET%/*}/?database=${TARGET##*/}"; }
verify() { cdc-verify --source "$(pg_url)" --target "$TARGET" --no-wait "$@" 2>verify.err; }
sql "CREATE TABLE people (id int, email text, phone varchar(20), pin int, born date, PRIMARY KEY (id) INCLUDE (born));
     CREATE TABLE visits (email text PRIMARY KEY, n int, note char(8));
     CREATE TABLE words (word text, n int); ALTER TABLE words REPLICA IDENTITY FULL"
printf 'key of the hashes\n' >mask.key
edits=(--mask '*.email=hash' --mask 'people.phone=fixed:hidden' --mask 'visits.note=hash' --mask-key mask.key
    --leave-out 'people.pin')
cases() { # NAME: how the target is made, and how its stream is edited
    load=() edit=()
    case $1 in
    history) load=(--mode history) ;;
    names) load=(--table-name 'x_{table}' --raw-name 'changes_of_{name}' --view-name 'now_{name}'
        --version-column version --deleted-column is_deleted --sign-column sign --row-column line) ;;
    masked) edit=("${edits[@]}") ;;
    esac
}
base=$CDC_TEST_CLICKHOUSE_URL
for name in history names masked; do
    cases $name
    say "$name"
    sql "TRUNCATE people, visits, words"
    TARGET=$base
    ch "CREATE DATABASE $name"
    TARGET=${base%/*}/$name
    cdc-capture --source "$(pg_url)" --slot $name --prefix verify --create --exit-after-create \
        --checkpoint $name.json "${edit[@]}" 2>capture.err
    sql "INSERT INTO people SELECT g, 'p' || g || '@x', '+1 ' || g, 424242, date '2000-01-01' + g FROM generate_series(1, 3000) g;
         INSERT INTO people VALUES (0); INSERT INTO visits SELECT 'v' || g || '@x', g, 'n' || g FROM generate_series(1, 500) g;
         INSERT INTO words SELECT 'w' || g % 7, g % 3 FROM generate_series(1, 100) g;
         UPDATE people SET born = NULL WHERE id % 3 = 0; DELETE FROM people WHERE id % 5 = 4; UPDATE words SET n = 9 WHERE word = 'w2'"
    cdc-capture --source "$(pg_url)" --slot $name --prefix verify --exit-at-end --checkpoint $name.json \
        "${edit[@]}" 2>capture.err | kept $name | cdc-load --target "$TARGET" --checkpoint $name.json "${load[@]}" 2>load.err
    verify --slot $name "${edit[@]}" >report.txt || { cat verify.err; fail "an equal pair is not the same"; }
    verify --slot $name --rows "${edit[@]}" >report.txt || fail "an equal pair is not the same row by row"
    verify --slot $name --counts "${edit[@]}" >report.txt || fail "an equal pair does not count the same"

    # Beyond what the stream brought: a row changed, one gone, one too many.
    case $name in
    history)
        ch "INSERT INTO people_history SELECT * REPLACE ('other' AS phone, _version + 1 AS _version) FROM people_history FINAL WHERE id = 7 AND operation_type != 'd'"
        ch "INSERT INTO people_history SELECT * REPLACE ('d' AS operation_type, _version + 1 AS _version) FROM (SELECT * FROM people_history FINAL WHERE id = 12 ORDER BY _version DESC LIMIT 1)"
        ch "INSERT INTO people_history SELECT * REPLACE (99999 AS id) FROM (SELECT * FROM people_history FINAL WHERE id = 13 LIMIT 1)" ;;
    names)
        ch "INSERT INTO changes_of_x_people SELECT * REPLACE ('other' AS phone, version + 1 AS version) FROM changes_of_x_people FINAL WHERE id = 7"
        ch "INSERT INTO changes_of_x_people SELECT * REPLACE (1 AS is_deleted, version + 1 AS version) FROM changes_of_x_people FINAL WHERE id = 12"
        ch "INSERT INTO changes_of_x_people SELECT * REPLACE (99999 AS id) FROM (SELECT * FROM changes_of_x_people FINAL WHERE id = 13)" ;;
    masked)
        ch "INSERT INTO people_raw SELECT * REPLACE ('other' AS phone, _version + 1 AS _version) FROM people_raw FINAL WHERE id = 7"
        ch "INSERT INTO people_raw SELECT * REPLACE (1 AS _deleted, _version + 1 AS _version) FROM people_raw FINAL WHERE id = 12"
        ch "INSERT INTO people_raw SELECT * REPLACE (99999 AS id) FROM (SELECT * FROM people_raw FINAL WHERE id = 13)" ;;
    esac
    expect_exit 1 verify --slot $name --json "${edit[@]}" >report.json
    expect "differences" "$(jq -c '[.tables[] | .table as $t | .differences[] | [$t, .kind, .key.id] + [.columns[].name]] | sort' report.json)" \
        '[["public.people","different","7","phone"],["public.people","extra","99999"],["public.people","missing","12"]]'
    { verify --slot $name --repair "${edit[@]}" || [ $? = 1 ]; } >repair.lines
    cdc-load --target "$TARGET" "${load[@]}" <repair.lines 2>>load.err || fail "the repair cannot be loaded: $(tail -n 3 load.err)"
    verify --slot $name "${edit[@]}" >report.txt || { cat verify.err; fail "the repair did not heal"; }
    sql "SELECT pg_drop_replication_slot('$name')"
done

say "the repair was masked, and without the masks it is seen that the target has others"
grep -qE '@x|\+1 |424242' repair.lines && fail "a secret left: $(grep -oE '.{30}(@x|\+1 |424242).{10}' repair.lines | head -n 2)"
expect_exit 1 verify --slot masked --tables people >report.txt
verify --slot masked --tables people --mask 'people.email=hash' --mask 'people.phone=fixed:hidden' >report.txt &&
    fail "another key of the hash makes the same"

say "a masked key: compared, and not repaired"
ch "INSERT INTO visits_raw SELECT * REPLACE (n + 1 AS n, _version + 1 AS _version) FROM (SELECT * FROM visits_raw FINAL WHERE n = 3)"
expect_exit 1 verify --slot masked --tables visits --json "${edits[@]}" >report.json
expect "the hash is its key" "$(jq -r '.tables[0].differences[0].key.email' report.json)" \
    "$(printf '%s' v3@x | openssl dgst -sha256 -hmac 'key of the hashes' | sed 's/.*= //')"
expect_exit 2 verify --slot masked --tables visits --repair "${edits[@]}" >repair.lines
expect_words verify.err "its key is masked"
say done
