#!/usr/bin/env bash
# scripts/monitoring/dashboards as Grafana takes them: each is held against the types of Grafana's own schema, in which a
# member that it does not know is an error; and each is what make-dashboards writes.
. "$(dirname "$0")/lib.sh"
cache=${CDC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cdc-toolkit}
schema=$(find "$cache" -maxdepth 1 -name 'grafana-schema-*' | sort | tail -n 1)
typescript=$(find "$cache" -maxdepth 1 -name 'typescript-*' | sort | tail -n 1)
[ -d "$schema" ] && [ -d "$typescript" ] || fail "no schema of Grafana; run scripts/install-deps"
fits() { # FOLDER: its dashboards
    local file
    rm -rf types && mkdir types
    for file in "$1"/*.json; do
        { printf 'import type { Dashboard } from "%s/dist/types/index";\nexport const dashboard: Dashboard =\n' "$schema"; cat "$file"; } \
            >"types/$(basename "$file" .json).ts"
    done
    node "$typescript/lib/tsc.js" --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler types/*.ts >said 2>&1
}

say "each is one"
fits "$ROOT/scripts/monitoring/dashboards" || { cat said; fail "Grafana would not take them"; }
[ "$(find types -name '*.ts' | wc -l)" = 6 ] || fail "dashboards are missing"

say "make-dashboards writes them"
"$ROOT/scripts/monitoring/make-dashboards" made
diff -r "$ROOT/scripts/monitoring/dashboards" made || fail "make-dashboards was not run"

say "ids and places of panels are theirs alone, and their data comes from the chosen source"
for file in made/*.json; do
    expect "ids of ${file##*/}" "$(jq '.panels | map(.id) | length - (unique | length)' "$file")" 0
    expect "places of ${file##*/}" "$(jq '.panels | map([.gridPos.x, .gridPos.y]) | length - (unique | length)' "$file")" 0
    expect "data of ${file##*/}" "$(jq -r '[.panels[] | .datasource.uid] | unique[]' "$file")" "\${datasource}"
    expect "expressions of ${file##*/}" "$(jq '[.panels[] | select(any(.targets[]; .expr and .refId) | not)] | length' "$file")" 0
done

say "what is wrong is found"
sed -i -e '0,/"w": 12/s//"wide": 12/' made/kafka.json
! fits made || fail "a member that Grafana does not know"
expect_words said "does not exist in type 'GridPos'"
say done
