#!/usr/bin/env bash
# Every fuzz target for some seconds, as many at once as there are processors: run.sh BUILD SECONDS
#
# A target starts from the kept corpus in tests/fuzz/seeds and from what earlier runs of this build
# found; CDC_FUZZ_SEED repeats a run's choices. After a longer run, `run.sh --keep BUILD` takes into
# the kept corpus what covers something new.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
keep=
[ "$1" != --keep ] || { keep=yes; shift; }
build=$(cd "$1" && pwd)
seconds=${2:-60}

# Lines of the page are the seeds of the line decoders.
page_lines() { # TARGET CORPUS
    grep '^    {"' "$here/../../man/cdc-event.5.md" | sed 's/^    //' | split -l 1 - "$2/page-"
    local seed
    for seed in "$2"/page-??; do
        if [ "$1" = line_predictor_fuzz ]; then
            cat "$seed" "$seed" >"$2/twice" # what is learnt is used at once
            mv "$2/twice" "$seed-twice"
        else
            truncate -s -1 "$seed" # the newline is not part of a line
        fi
    done
}

fuzz() { # TARGET
    local name=$1 corpus=$build/corpus/$1 seeds=()
    mkdir -p "$corpus"
    case $name in
    line_decoder_fuzz | line_predictor_fuzz) page_lines "$name" "$corpus" ;;
    binlog_fuzz) "$here/seed_binlog.py" "$corpus" ;;
    esac
    if [ -n "$keep" ]; then
        mkdir -p "$here/seeds/$name"
        (cd "$build" && "bin/$name" -merge=1 -verbosity=0 "$here/seeds/$name" "$corpus")
        return
    fi
    [ ! -d "$here/seeds/$name" ] || seeds=("$here/seeds/$name")
    (cd "$build" && "bin/$name" -max_total_time="$seconds" -seed="${CDC_FUZZ_SEED:-0}" -print_final_stats=1 -verbosity=0 -timeout=30 \
        -artifact_prefix="$name-" "corpus/$name" "${seeds[@]}" >"$name.log" 2>&1) || {
        tail -n 40 "$build/$name.log" >&2
        echo "$name: FAILED; the input is in $build/$name-*" >&2
        return 1
    }
    echo "$name: $seconds s, $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log") units"
}
export -f fuzz page_lines
export here build seconds keep
find "$build/bin" -name '*_fuzz' -printf '%f\n' | sort |
    xargs -P "$(nproc)" -I{} bash -c 'set -euo pipefail; fuzz {}'
