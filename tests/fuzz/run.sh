#!/usr/bin/env bash
# Every fuzz target for some seconds, from the seeds in tests/: run.sh BUILD SECONDS
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1
seconds=$2
for target in "$build"/bin/*_fuzz; do
    name=$(basename "$target")
    corpus=$build/corpus/$name
    mkdir -p "$corpus"
    case $name in
    line_decoder_fuzz | line_predictor_fuzz)
        grep '^    {"' "$here/../../man/cdc-event.5.md" | sed 's/^    //' |
            split -l 1 - "$corpus/page-"
        ;;
    esac
    for seed in "$corpus"/page-??; do
        [ -e "$seed" ] || continue
        if [ "$name" = line_predictor_fuzz ]; then
            cat "$seed" "$seed" >"$corpus/twice" # what is learnt is used at once
            mv "$corpus/twice" "$seed-twice"
        else
            truncate -s -1 "$seed" # the newline is not part of a line
        fi
    done
    seeds=()
    [ -d "$here/seeds/$name" ] && seeds=("$here/seeds/$name")
    echo "$name: $seconds s"
    (cd "$build" && "bin/$name" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$name-" "corpus/$name" "${seeds[@]}")
done
