#!/usr/bin/env bash
# The page of scripts/cron/cdc-check --html as Chromium shows it: light and dark, and no wider than a phone. Keep the
# pictures with CDC_TEST_PICTURES=FOLDER, and look at them.
. "$(dirname "$0")/lib.sh"
command -v chromium >/dev/null || fail "no chromium; run scripts/install-deps"
export HOME=$WORK
browser() { timeout 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars "$@" 2>browser.err; }
picture() { # NAME SCHEME WIDTH HEIGHT PAGE: a scheme of 0 is dark, 1 light
    browser --blink-settings="preferredColorScheme=$2" --window-size="$3,$4" --screenshot="$WORK/$1.png" "file://$WORK/$5" >/dev/null || { cat browser.err; fail "chromium"; }
    [ -z "${CDC_TEST_PICTURES:-}" ] || cp "$1.png" "$CDC_TEST_PICTURES"
}

mkdir state
"$HERE/cron_history.py" >state/check-history.ndjson
"$ROOT/scripts/cron/cdc-check" --history --state state --html page.html
[ "$(wc -c <page.html)" -lt 400000 ] || fail "the page is $(wc -c <page.html) bytes"

say "what a reader is told"
browser --dump-dom "file://$WORK/page.html" >dom.html || fail "chromium"
for words in "1 of 2 pipelines are well" "not all of it runs" "&lt;the target&gt; refuses &amp; says" "column country was renamed" \
    "slot pg_monitored behind" "through group pg-monitored" "load 127.0.0.1:9474 behind" "415 of 432 found all well" "parity of inventory.orders"; do
    grep -qF "$words" dom.html || fail "the page does not say: $words"
done
# Rows of users were the same three looks ago.
grep -qF "20 min before the last look" dom.html || fail "when parity last held"

say "light, dark"
picture light 1 900 700 page.html
picture dark 0 900 700 page.html
"$HERE/picture.py" light.png dark.png || fail "the pictures"

say "no wider than a phone"
python3 - <<'PY'
import html, pathlib
page = html.escape(pathlib.Path("page.html").read_text(encoding="utf-8"))
pathlib.Path("phone.html").write_text(f"""<body style="margin:0"><iframe style="width:375px;height:3000px;border:0" srcdoc="{page}"></iframe>
<script>addEventListener("load", () => {{ const page = document.querySelector("iframe").contentDocument.documentElement;
document.title = "wide " + page.scrollWidth; }});</script></body>""", encoding="utf-8")
PY
browser --dump-dom "file://$WORK/phone.html" | grep -o '<title>wide [0-9]*' >width || fail "chromium"
expect "width of the page on a phone" "$(cut -d' ' -f2 width)" 375
picture phone 1 500 3000 phone.html
echo PASSED
