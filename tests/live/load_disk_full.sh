#!/usr/bin/env bash
# The target's disk is really full, on a file system of its own: the loader waits and says so, nothing is
# acknowledged that is not stored, and when there is room it goes on, in the same run and in the next.
source "$(dirname "$0")/lib.sh"
start postgres
create_db
sql "CREATE TABLE t (id int PRIMARY KEY, v text);
     INSERT INTO t SELECT g, md5(g::text) || md5((g * 7)::text) || md5((g * 13)::text) FROM generate_series(1, 400000) g; ANALYZE"
mkdir disk
mount -t tmpfs -o size=24m none disk || fail "no right to mount a file system: run as root"
at_end() { umount -l "$WORK/disk"; }
TARGET=chdb:$WORK/disk/target
line() {
    { cdc-snapshot --source "$(pg_url)" --slot s --create --checkpoint state.json --chunk-by key --chunk-rows 20000 2>>snapshot.err &&
        cdc-capture --source "$(pg_url)" --slot s --checkpoint state.json --exit-at-end 2>>capture.err; } | kept |
        cdc-load --target "$TARGET" --checkpoint state.json --batch-rows 20000 "$@" 2>>load.err
}

say "within --retry: exit 1, the server's words, and less than all is acknowledged"
code=0
line --retry 2s || code=$?
expect "exit status" "$code" 1
grep -qiE "space" load.err || fail "nothing about the disk: $(tail -n 3 load.err)"
[ ! -s state.json ] || jq -e '.checkpoint.snapshot != "done"' state.json >/dev/null || fail "done, with a full disk"
expect "no stream behind a snapshot that is not done" "$(cat capture.err 2>/dev/null | wc -c)" 0

say "run again, it waits for ever, and goes on by itself when there is room"
: >load.err
line &
LINE=$!
wait_until 60 grep -qiE "space.*trying again" load.err
mount -o remount,size=1g disk
wait $LINE || fail "the line: $(tail -n 3 load.err)"
parity t
say done
