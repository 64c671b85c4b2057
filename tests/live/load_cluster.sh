#!/usr/bin/env bash
# cdc-load --cluster: the DDL as text (its words are goldens of the command line), which the real engine
# understands statement by statement. There is no Keeper here, so nothing is made.
source "$(dirname "$0")/lib.sh"
source "$HERE/load_lines.bash"
lines "
print(table('t', T, 'v1'))
print(table('log', L, 'v1'))" >tables
"$ROOT/scripts/chdb.py" --create "$WORK/engine" "SELECT 1" >/dev/null
count=0
for mode in replace history; do
    cdc-load --dry-run --cluster 'my cluster' --mode $mode <tables >ddl
    while IFS= read -r -d '' statement; do
        [ -n "${statement//[[:space:]]/}" ] || continue
        "$ROOT/scripts/chdb.py" "$WORK/engine" "EXPLAIN AST $statement" >ast 2>engine.err ||
            fail "the engine does not understand: $statement"
        grep -q '^Create' ast || fail "no CREATE: $statement"
        count=$((count + 1))
    done < <(perl -0pe 's/;\n\n/\0/g' ddl)
    expect "nothing without the cluster's name ($mode)" "$(grep -c '^CREATE' ddl)" "$(grep -c '^CREATE.* ON CLUSTER `my cluster`' ddl)"
done
expect "statements" "$count" 14
say "all good"
