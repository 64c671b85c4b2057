#!/usr/bin/env bash
# README's first five minutes are what the tools say, and a README that says something else is told.
source "$(dirname "$0")/lib.sh"
"$ROOT/scripts/first-minutes" --bin "$BIN" --check >out 2>err || { cat out err; fail "README differs"; }
mkdir copy
cp -r "$ROOT/scripts" copy/
sed 's/998 rows  same/999 rows  same/' "$ROOT/README.md" >copy/README.md
expect_exit 1 copy/scripts/first-minutes --bin "$BIN" --check >out 2>err
expect_words err "scripts/first-minutes --update"
