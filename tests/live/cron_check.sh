#!/usr/bin/env bash
# scripts/cron/cdc-check over a pipeline that scripts/generate-load writes to: silent when all is well, a report,
# an exit status, figures and a history when not.
. "$(dirname "$0")/lib.sh"
export PIPELINE_STATE=$WORK/state PIPELINE_SERVICES_DIR=$CDC_SERVICES_DIR
pipeline=$ROOT/scripts/pipelines/pg-orders
check() { "$ROOT/scripts/cron/cdc-check" --textfile "$WORK/check.prom" "$@" pg-orders; }
at_end() { "$pipeline" destroy --yes; }
value() { awk -v name="$1" '$1 == name { print $2 }' check.prom; }

say "generate-load: the same seed, the same statements"
"$pipeline" setup 2>setup.err || fail "setup"
eval "$("$ROOT/scripts/services" env postgres clickhouse)"
load() { "$ROOT/scripts/generate-load" --source "$(pg_url)" "$@"; }
expect "statements of one seed" "$(load --print --events 200 --seed 7 | sha1sum)" "$(load --print --events 200 --seed 7 | sha1sum)"
[ "$(load --print --events 200 --seed 7)" != "$(load --print --events 200 --seed 8)" ] || fail "the seed counts for nothing"
load --create --events 300 --rate 0 2>load.err || fail "generate-load"
expect_words load.err "300 events"
[ "$(sql "SELECT count(*) FROM inventory.order_items")" -gt 50 ] || fail "no items"
before=$(sql "SELECT count(*) FROM inventory.products")
load --mix product=1 --events 20 --rate 0 --batch 5 2>load.err || fail "generate-load"
expect "a mix of one kind" "$(sql "SELECT count(*) FROM inventory.products")" $((before + 20))
began=$SECONDS
load --seconds 3 --rate 10 2>load.err
[ $((SECONDS - began)) -ge 3 ] || fail "faster than asked"
expect_exit 2 load --mix orders=1 2>err
# Ids that another's open transaction has taken, and gives up.
sql "ALTER TABLE inventory.order_items ADD FOREIGN KEY (order_id) REFERENCES inventory.orders NOT VALID, ADD FOREIGN KEY (product_id) REFERENCES inventory.products NOT VALID"
others=(-c BEGIN -c "INSERT INTO inventory.orders (quantity) VALUES (1), (1); INSERT INTO inventory.products (name) VALUES ('a'), ('b')")
psql -X -q -d "$(pg_url)" "${others[@]}" -c "SELECT pg_sleep(3)" -c ROLLBACK >/dev/null &
sleep 0.5
load --mix order=1,product=1 --events 100 --rate 0 2>load.err || fail "generate-load beside another's transaction"
wait

say "well: silence"
"$pipeline" start 2>start.err || fail "start"
load --seconds 12 --rate 20 2>load.err &
wait_until 30 "$pipeline" verify
sleep 3 # the second look of a heartbeat
check --max-seconds 30 >report.txt 2>err || { cat report.txt err; fail "a report where all is well"; }
[ ! -s report.txt ] && [ ! -s err ] || fail "it spoke"
expect "parity" "$(value 'cdc_check_parity{pipeline="pg-orders",table="inventory.orders"}')" 1
if command -v promtool >/dev/null; then promtool check metrics <check.prom || fail "promtool refuses check.prom"; fi
wait
wait_until 30 "$pipeline" verify # no change on its way brings the row back

say "rows differ: a report"
eval "$("$ROOT/scripts/services" env clickhouse)"
TARGET=${CDC_TEST_CLICKHOUSE_URL%/*}/?database=inventory
ch "ALTER TABLE orders_final DELETE WHERE id = $(sql "SELECT min(id) FROM inventory.orders") SETTINGS mutations_sync = 1"
expect_exit 1 check >report.txt 2>err
expect_words report.txt "rows differ"
expect_words report.txt "1 missing"
expect_words report.txt "Parity last held"
expect "parity" "$(value 'cdc_check_parity{pipeline="pg-orders",table="inventory.orders"}')" 0
"$pipeline" repair >repair.txt 2>repair.err || fail "repair"

say "locks against itself"
flock --no-fork "$PIPELINE_STATE/check.lock" sleep 600 &
other=$!
wait_until 10 eval '! flock -n "$PIPELINE_STATE/check.lock" true'
check >report.txt 2>err || fail "two looks"
touch -d '1 hour ago' "$PIPELINE_STATE/check.lock"
expect_exit 2 check --budget 60 >report.txt 2>err
expect_words err "has been at work"
kill $other
wait $other || true

say "a pipe is down"
"$pipeline" stop 2>stop.err || fail "stop"
expect_exit 1 check --counts >report.txt 2>err
expect_words report.txt "not all of it runs"

say "time budget: told, and no finding"
began=$SECONDS
code=0
check --budget 1 >report.txt 2>err || code=$?
[ $((SECONDS - began)) -lt 30 ] || fail "over its budget"
[ $code != 0 ] || fail "well without a look"

say "history"
"$ROOT/scripts/cron/cdc-check" --history >history.txt
expect_words history.txt "inventory.order_items"
grep -Eq '^pg-orders +inventory.orders +[34] +[23] ' history.txt || { cat history.txt; fail "history"; }

say "the page: whole, of itself alone, and with what the history says"
"$ROOT/scripts/cron/cdc-check" --history --html page.html
python3 - page.html <<'PY' || fail "the page"
import html.parser, sys
text = open(sys.argv[1], encoding="utf-8").read()
opened, void = [], {"meta", "br"}
class Check(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        assert not {"src", "href"} & dict(attributes).keys(), tag
        if tag not in void:
            opened.append(tag)
    def handle_endtag(self, tag):
        assert opened.pop() == tag, tag
    def handle_startendtag(self, tag, attributes):
        self.handle_starttag("polyline", attributes)
Check().feed(text)
assert not opened, opened
assert "url(" not in text and "http" not in text.replace("http://default@", ""), "something from elsewhere"
for words in ("inventory.order_items", "does not run", "slot pg_orders behind", "<polyline points=", "prefers-color-scheme: dark", "rows differ", "through slot pg_orders"):
    assert words in text, words
PY
echo PASSED
