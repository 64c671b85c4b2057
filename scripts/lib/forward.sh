# What a file gets goes on to a command. Sourced by pipeline.sh.

# By whole lines; FILE.sent says how many bytes of it COMMAND has taken, and what it did not take comes again.
forward() { # FILE COMMAND…
    every 1 forward_news "$@"
}
forward_news() { # FILE COMMAND…
    local file=$1 sent=0 size torn
    [ -s "$file" ] || return 0
    shift
    [ ! -s "$file.sent" ] || sent=$(<"$file.sent")
    size=$(stat -c %s "$file" 2>/dev/null || echo 0)
    [ "$size" -ge "$sent" ] || sent=0 # it was begun anew
    torn=$(part_of "$file" "$sent" "$size" | sed -n '$p' | tr -d '\n' | wc -c)
    [ "$(part_of "$file" "$sent" "$size" | tail -c 1 | wc -l)" = 1 ] || size=$((size - torn))
    if [ "$size" -gt "$sent" ]; then
        part_of "$file" "$sent" "$size" | "$@" || return
        has_sent "$file" "$size"
    fi
    [ "$size" -le "$PIPELINE_LOG_BYTES" ] || begin_file_anew "$file" "$size"
}
has_sent() { echo "$2" >"$1.sent.new" && mv "$1.sent.new" "$1.sent"; } # FILE BYTES

# Under the lock of who appends to it, and only while it has nothing that was not sent. The file stays the same one, for
# somebody may wait for its lock. Cut off in between, its lines are sent once more.
begin_file_anew() { # FILE SENT
    local lock
    exec {lock}<>"$1"
    if flock -w 10 "$lock" && [ "$(stat -c %s "$1")" = "$2" ]; then
        older_move_on "$1"
        cp "$1" "$1.1" && has_sent "$1" 0 && : >"$1"
    fi
    exec {lock}>&-
}
older_move_on() { # FILE: FILE.3 becomes FILE.4, and so on
    local number
    for number in 3 2 1; do
        [ ! -e "$1.$number" ] || mv -f "$1.$number" "$1.$((number + 1))"
    done
}

part_of() { tail -c "+$(($2 + 1))" "$1" | head -c "$(($3 - $2))"; } # FILE FROM TO
