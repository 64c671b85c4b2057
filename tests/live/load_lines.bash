# For the live tests of cdc-load, behind lib.sh: lines PYTHON… prints what load_lines.py makes.
lines() { python3 -B -c "
import sys
sys.path.insert(0, '$HERE')
from load_lines import *
T = [column('id', 'integer', False, 1), column('q', 'integer'), column('note', 'text')]
L = [column('word', 'text', False)]
def rows(op, numbers, position, **more):
    for n in numbers:
        print(change(op, 't', {'id': n}, position, n, after={'id': n, 'q': position, 'note': 'n'}, **more))
$1"; }

# Where the faults in $FAULTS have a loader wait, it is killed: the last one's statement is done (hold) or never will be.
kill_at_fault() { # PID FAULT…
    wait_until 10 eval '[ ! -s "$FAULTS" ]'
    [[ ${*: -1} != hold* ]] || wait_until 10 test -e "$FAULTS.held"
    kill -9 "$1" 2>/dev/null || fail "the loader ended before ${*:2}: $(cat load.err)"
    wait "$1" 2>/dev/null || true
}
