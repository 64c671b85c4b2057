#!/usr/bin/env bash
# Golden tests of the command line: run.sh BIN [TOOL [CASE]]
#
# A case is TOOL/CASE.sh, run by bash in an empty folder with BIN first in PATH. Its stdout, stderr
# and exit status must be exactly CASE.stdout and CASE.stderr (missing: empty) and CASE.exit
# (missing: 0). The time in front of each line of stderr is cut off. @VERSION@ stands for $CDC_TEST_VERSION, the version that was built; the time that a
# connection took is 0 ms. Set CDC_TEST_REWRITE=1 to write the goldens instead of comparing; read the diff.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
engine=${CDC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cdc-toolkit}/libduckdb.so
only_tool=${2:-*}
only_case=${3:-*}
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compare() { # GOLDEN ACTUAL WHAT
    sed "s/@VERSION@/${CDC_TEST_VERSION:-}/g" "$1" >"$work/golden"
    if ! diff -u --label "$3 expected" --label "$3 got" "$work/golden" "$2" >"$work/diff"; then
        head -c 4000 "$work/diff"
        return 1
    fi
}

for script in "$here"/$only_tool/$only_case.sh; do
    [ -f "$script" ] || continue
    base=${script%.sh}
    mkdir "$work/case"
    (cd "$work/case" && env -i PATH="$bin:/usr/bin:/bin" HOME="$work/case" LC_ALL=C.UTF-8 \
        DATA="$here/data" CDC_CHDB_LIBRARY="${CDC_CHDB_LIBRARY:-}" CDC_DUCKDB_LIBRARY="${CDC_DUCKDB_LIBRARY:-$engine}" \
        timeout 60 bash "$script" >"$work/stdout" 2>"$work/stderr" </dev/null)
    code=$?
    sed -i -E 's/^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z //; s/ after [0-9]+ ms: / after 0 ms: /' "$work/stderr"
    rm -rf "$work/case"
    if [ -n "${CDC_TEST_REWRITE:-}" ]; then
        for stream in stdout stderr; do
            rm -f "$base.$stream"
            [ -s "$work/$stream" ] && cp "$work/$stream" "$base.$stream"
        done
        rm -f "$base.exit"
        [ $code -ne 0 ] && echo $code >"$base.exit"
        continue
    fi
    good=1
    for stream in stdout stderr; do
        golden=$base.$stream
        [ -f "$golden" ] || golden=/dev/null
        compare "$golden" "$work/$stream" $stream || good=0
    done
    expected=$(cat "$base.exit" 2>/dev/null || echo 0)
    [ "$code" = "$expected" ] || { echo "exit status $code, expected $expected"; good=0; }
    if [ $good = 1 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: ${script#"$here"/}"
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $((passed + failed)) -gt 0 ] || [ -n "${CDC_TEST_REWRITE:-}" ]
