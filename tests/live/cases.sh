#!/usr/bin/env bash
# The cases of tests/cases against a private server, each ending row by row as a fresh snapshot of the
# same database would. CDC_TEST_SHARD=1/4: every fourth case, from the first.
source "$(dirname "$0")/lib.sh"
start postgres
shard=${CDC_TEST_SHARD:-1/1}
files=()
number=0
for file in "$ROOT"/tests/cases/postgres/*.sql; do
    number=$((number + 1))
    ((number % ${shard#*/} != ${shard%/*} % ${shard#*/})) || files+=("$file")
done
[ ${#files[@]} -gt 0 ] || fail "no case in $shard"
PATH=/usr/lib/postgresql/15/bin:$PATH TMPDIR=$WORK "$ROOT/tests/cases/run" "${files[@]}" || fail "some cases of $shard"
