#!/usr/bin/env bash
# What the binary log does not say of MySQL's tables is refused or marked, never passed over: foreign keys
# that change rows below the log, tables dropped and made anew, statements on tables not seen before.
source "$(dirname "$0")/lib.sh"
start mysql
URL=$CDC_TEST_MYSQL_URL/shop
PORT=${CDC_TEST_MYSQL_URL##*:}
my() { mariadb --no-defaults -h 127.0.0.1 -P "${PORT%%/*}" -u root --skip-column-names -B -e "$1" "${@:2}"; }
my "CREATE DATABASE shop"
capture() { cdc-capture --source "$URL" --checkpoint state.json --exit-at-end "$@" 2>capture.err; }
load() { cdc-load --target "$TARGET" --checkpoint state.json 2>load.err; }
stale() { ch "SELECT value FROM _cdc_state FINAL WHERE item = 'stale' AND name = '$1' FORMAT TSVRaw"; }
my "CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE plain (id int PRIMARY KEY, v text); CREATE TABLE quiet (id int PRIMARY KEY)" shop

say "places that are not there: named, before anything is sent"
for tool in cdc-capture cdc-snapshot; do
    expect_exit 4 $tool --source "$CDC_TEST_MYSQL_URL/shp" >out 2>err
    expect_words err "has no database 'shp' that the user may see"
    expect_words err "Did you mean 'shop'?"
    [ ! -s out ] || fail "$tool wrote lines"
    expect_exit 4 $tool --source "$URL?defaults-file=/none" 2>err
    expect_words err "defaults-file '/none': No such file"
done
rm -f out
expect_exit 4 cdc-snapshot --source "$URL" --where 'shop.plain=idd>1' >/dev/null 2>err
expect_words err "Unknown column 'idd'"

say "a foreign key with CASCADE is refused at the start"
my "CREATE TABLE children (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES parents (id) ON DELETE CASCADE)" shop
expect_exit 4 capture
expect_words capture.err "foreign key 'children_ibfk_1' of table 'shop.children'"
expect_exit 4 cdc-capture --source "$URL" --check 2>check.err
expect_words check.err "shop.children"
capture --exclude shop.children | load || fail "without that table: ${PIPESTATUS[*]}"
my "DROP TABLE children" shop
rm -f state.json
capture | load || fail "a start without such keys"

say "tables dropped and made anew under their names, truncated or renamed before a change was seen"
my "INSERT INTO plain VALUES (1, 'a'), (2, 'b'); DROP TABLE plain; CREATE TABLE plain (id int PRIMARY KEY, v text);
    INSERT INTO plain VALUES (9, 'anew'); RENAME TABLE quiet TO called" shop
capture | load || fail "the stream ended with ${PIPESTATUS[*]}"
case $(stale plain) in *"it was dropped"*) ;; *) fail "plain is stale because of '$(stale plain)'" ;; esac
case $(stale called) in *"it was called 'shop.quiet'"*) ;; *) fail "called is stale because of '$(stale called)'" ;; esac

say "a foreign key with SET NULL that comes while the stream is behind"
my "CREATE TABLE later (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES parents (id) ON UPDATE SET NULL); DROP TABLE later" shop
expect_exit 4 capture >/dev/null
expect_words capture.err "table 'shop.later' gets a foreign key"
say "rows in STATEMENT format that reach a captured table by a view, a trigger, a routine, or one behind the other"
rm -f state.json
my "CREATE TABLE aside (id int PRIMARY KEY, v text); CREATE TABLE far (id int PRIMARY KEY); CREATE VIEW looks AS SELECT * FROM plain;
    CREATE VIEW asides AS SELECT * FROM aside; CREATE TRIGGER counts AFTER INSERT ON called FOR EACH ROW INSERT INTO aside VALUES (NEW.id, 'c');
    CREATE TRIGGER writes AFTER INSERT ON far FOR EACH ROW UPDATE looks SET v = 'far'" shop
my "DELIMITER //
CREATE FUNCTION puts(i int) RETURNS int DETERMINISTIC MODIFIES SQL DATA BEGIN UPDATE plain SET v = i; RETURN i; END//
DELIMITER ;" shop
statements() { my "SET SESSION binlog_format=STATEMENT; $1" shop; }
only_plain() { cdc-capture --source "$URL" --tables shop.plain --checkpoint state.json --exit-at-end 2>capture.err; }
only_plain | load || fail "the start: $(cat capture.err)"
statements "INSERT INTO called VALUES (60); UPDATE asides SET v = 'd'; INSERT INTO aside VALUES (1, '')"
only_plain | load || fail "what does not reach it: $(cat capture.err)"
for by in "view shop.looks:UPDATE looks SET v = 'w'" "view shop.looks:INSERT INTO far VALUES (1)" \
    "routine shop.puts:INSERT INTO aside VALUES (puts(2), '')"; do
    cp state.json before.json
    statements "${by#*:}"
    expect_exit 4 only_plain >/dev/null
    expect_words capture.err "rows in STATEMENT format, and it names ${by%%:*}"
    rm state.json # behind it
    only_plain | load || fail "behind it: $(cat capture.err)"
done
my "DROP TRIGGER counts" shop

say "rows in STATEMENT format of a table that is left out: nothing tells whether triggers write further, without the rights to see"
rm -f state.json
my "CREATE USER teller@localhost IDENTIFIED BY 'secret'; GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO teller@localhost;
    GRANT SELECT ON shop.* TO teller@localhost" shop
teller() { cdc-capture --source "${URL/root@/teller:secret@}" --tables shop.plain --checkpoint state.json --exit-at-end 2>capture.err; }
teller | load || fail "the first start ended with ${PIPESTATUS[*]}: $(cat capture.err)"
my "SET SESSION binlog_format=STATEMENT; INSERT INTO called VALUES (70)" shop
expect_exit 4 teller >/dev/null
expect_words capture.err "the user may not see triggers (GRANT TRIGGER ON *.*)"
my "GRANT TRIGGER ON *.* TO teller@localhost" shop
expect_exit 4 teller >/dev/null
expect_words capture.err "the user may not see routines (GRANT EXECUTE ON *.*)"
my "GRANT EXECUTE ON *.* TO teller@localhost" shop
teller | load || fail "with the rights: $(cat capture.err)"
say "all good"
