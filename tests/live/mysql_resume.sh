#!/usr/bin/env bash
# A stream that is cut in the middle of an event of many rows goes on with every row of it: what stands before the
# last checkpoint line, and what a run from there brings, is each change once. Pain 40.
source "$(dirname "$0")/lib.sh"

my() { mariadb --no-defaults -h 127.0.0.1 -P "$PORT" -u root --skip-column-names -B -e "$1" "${@:2}"; }
capture() { cdc-capture --source "$URL" --checkpoint state.json --peek --exit-at-end 2>capture.err; }
checkpoint_of() { grep '^{"checkpoint"' "$1" | tail -n 1; }
changes() { jq -r 'select(has("key")) | "\(.op) \(.key.id) \(.after.v)"' "$@"; }

cut_everywhere() { # FORM
    say "$NAME, $1"
    rm -f state.json
    cdc-capture --source "$URL" --exit-at-end >lines 2>capture.err || fail "$(cat capture.err)"
    checkpoint_of lines >start.json
    my "INSERT INTO t SELECT seq, 'made' FROM numbers; UPDATE t SET v = 'changed'; DELETE FROM t WHERE id > 10" shop
    cp start.json state.json
    capture >whole.lines || fail "$(cat capture.err)"
    changes whole.lines >whole
    expect "changes" "$(wc -l <whole)" 5990
    for size in 1 2 700 1999 2001 2003 3500 4002 5000; do
        cp start.json state.json
        # The reader goes away: that is exit status 1.
        { capture || [ $? = 1 ]; } | head -n $size >cut.lines || fail "$(cat capture.err)"
        expect "lines before the cut" "$(wc -l <cut.lines)" $size
        if grep -q '^{"checkpoint"' cut.lines; then
            checkpoint_of cut.lines >state.json
            sed -i "$(grep -n '^{"checkpoint"' cut.lines | tail -n 1 | cut -d : -f 1)q" cut.lines
        else
            : >cut.lines # nothing of it was acknowledged
        fi
        capture >rest.lines || fail "$(cat capture.err)"
        changes cut.lines rest.lines | diff whole - >differ || fail "cut behind line $size: $(head differ)"
    done
    my "DELETE FROM t" shop
}

for NAME in mysql mariadb; do
    start $NAME
    url=CDC_TEST_${NAME^^}_URL
    PORT=${!url##*:}
    PORT=${PORT%%/*}
    URL=mysql://root@127.0.0.1:$PORT/shop
    my "CREATE DATABASE shop; CREATE TABLE shop.t (id int PRIMARY KEY, v text); CREATE TABLE shop.numbers (seq int PRIMARY KEY)"
    my "INSERT INTO numbers VALUES $(seq -s, 1 2000 | sed 's/[0-9]\+/(&)/g')" shop
    cut_everywhere "rows as they are"
    case $NAME in
    mysql) my "SET GLOBAL binlog_transaction_compression=ON" ;;
    mariadb) my "SET GLOBAL log_bin_compress=ON, log_bin_compress_min_len=10" ;;
    esac
    cut_everywhere "compressed"
done
say "all good"
