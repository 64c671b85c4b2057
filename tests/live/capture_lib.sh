# Words of the capture tests, beside lib.sh.

capture() { cdc-capture --source "$(pg_url)" --slot "$SLOT" "$@"; }
SLOT=capture

# A last stage: keeps all lines in FILE.lines and each checkpoint line, as soon as it comes, in FILE.
sink() { # FILE
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$1.lines"
        case $line in
        '{"checkpoint"'*)
            printf '%s\n' "$line" >"$1.new"
            mv "$1.new" "$1" ;;
        esac
    done
}

changes() { grep -E '^\{"(key|table)"' "$1" || true; }
# Lines without their last member, ts_ms.
timeless() { changes "$1" | sed -E 's/,"ts_ms":[0-9]+\}$//'; }
slot_is() { sql "SELECT $1 FROM pg_replication_slots WHERE slot_name = '$SLOT'"; }
log_end() { sql "SELECT pg_current_wal_flush_lsn()"; }
positions_reach() { # FILE LSN: does the checkpoint file hold it?
    local at
    at=$(jq -r .checkpoint.position "$1" 2>/dev/null) || return 1
    [ "$(sql "SELECT '$at'::pg_lsn >= '$2'::pg_lsn")" = t ]
}
