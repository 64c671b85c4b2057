# What keeps the pipes running. Sourced by pipeline.sh.
#
#   supervisor ── keeper of a pipe ── session of the pipe: run_pipe and the tools
#
# A pipe is started again as a whole, after 1 s, 2 s, 4 s … 60 s, when it ends with 0, 1 or by a signal; with
# 2 to 5 it stays down, since the same would come again. A process is known by its pid and its start time.
# run/PIPE has the pid of its session, run/PIPE.end how it ended last: KEY=VALUE lines both.

# These are asked many times a second, and start no process.
start_of() { # PID: sets REPLY to its start time
    local line=''
    { IFS= read -r -d '' line <"/proc/$1/stat"; } 2>/dev/null
    [ -n "$line" ] || return 1
    # shellcheck disable=SC2086
    set -- ${line##*) }
    REPLY=${20}
    [ "$1" != Z ]
}

is_process() { # PID START-TIME
    local REPLY
    [ -n "${1:-}" ] && start_of "$1" && [ "$REPLY" = "$2" ]
}

# Whether a process of the group runs. One that ended and waits to be reaped does not: whoever adopts what a killed
# keeper leaves, as process 1 of a container, may take its time, or never do it.
group_runs() { # PID
    local stat line state_of group
    kill -0 -- "-$1" 2>/dev/null || return 1
    for stat in /proc/[1-9]*/stat; do
        line=''
        { IFS= read -r -d '' line <"$stat"; } 2>/dev/null
        read -r state_of _ group line <<<"${line##*) }"
        [ "$group" != "$1" ] || [[ $state_of == [ZX] ]] || return 0
    done
    return 1
}

# Sets variables of the caller to what a file of run/ says: KEY=VALUE, by spaces.
read_words() { # FILE
    local word words=()
    [ ! -s "$1" ] || { read -r -a words <"$1"; } 2>/dev/null || true # it may go meanwhile
    for word in "${words[@]}"; do printf -v "${word%%=*}" %s "${word#*=}"; done
}

what_code_is() { # CODE
    case $1 in
        0) echo done ;; 1) echo "failed, tried again" ;; 2) echo "wrong usage" ;; 3) echo "position lost: $name repair" ;;
        4) echo "source or target refuses" ;; 5) echo "a line or value that cannot be stored" ;; *) echo "a signal" ;;
    esac
}

#---------------------------------------------------------------------------- systemd in the supervisor's place
keeper_of_this() {
    if [ -n "${PIPELINE_KEPT:-}" ]; then echo supervisor; elif [ -n "${INVOCATION_ID:-}" ]; then echo systemd; else echo nobody; fi
}

# Its units are active, or one of them runs a pipe.
under_systemd() {
    local pipe pid started by since from
    if [ -d /run/systemd/system ] && systemctl is-active --quiet "cdc-$name.target" 2>/dev/null; then return 0; fi
    for pipe in "${pipes[@]}"; do
        pid='' by=''
        read_words "$state/run/$pipe"
        ! { [ "$by" = systemd ] && is_process "$pid" "$started"; } || return 0
    done
    return 1
}
not_under_systemd() {
    ! under_systemd || fail 2 "it runs under systemd, which would undo this; first: systemctl stop cdc-$name.target"
}

#---------------------------------------------------------------------------- one run of a pipe
# In the foreground, until it ends: what a keeper, or systemd, runs.
run_pipe() { # PIPE
    local code me=$BASHPID log=$state/logs/$1.log stopped=''
    [[ " ${pipes[*]} " == *" ${1:-} "* ]] || usage "no pipe '${1:-}'; there are: ${pipes[*]}"
    make_state
    need_servers
    cd "$state" || return 1
    running_pipe=$1
    rm -f "run/$1.codes"
    start_of "$me"
    echo "pid=$me started=$REPLY by=$(keeper_of_this) since=$(date -u +%Y-%m-%dT%H:%M:%SZ) from=$(stat -c %s "$log" 2>/dev/null || echo 0)" >"run/$1"
    trap : INT HUP # the tools have them too, and end the pipe
    trap 'stopped=yes' TERM
    if [ -z "$stopped" ]; then "$1"; else false; fi
    code=$?
    note_end "$1" "$code"
    return "$code"
}

# A stage that a signal ended is the reason, or the first error behind the start of the run; what follows is what other
# stages made of it.
note_end() { # PIPE CODE
    local pid started by since from reason log=$state/logs/$1.log
    read_words "$state/run/$1"
    [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -ge "$from" ] || from=0
    reason=$(killed_stage "$1")
    [ "$2" = 0 ] || [ -n "$reason" ] || reason=$(tail -c "+$((from + 1))" "$log" 2>/dev/null | grep -m 1 -E ' (error|fatal): ' | cut -c1-400)
    printf 'code=%q\nended=%q\nreason=%q\n' "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$reason" >"$state/run/$1.end"
    rm -f "$state/run/$1"
}

killed_stage() { # PIPE
    local code number=0 codes=()
    [ ! -s "$state/run/$1.codes" ] || read -r -a codes <"$state/run/$1.codes"
    for code in "${codes[@]}"; do
        number=$((number + 1))
        # 141 is SIGPIPE: its reader has gone.
        if [ "$code" -gt 128 ] && [ "$code" != 141 ]; then
            echo "stage $number of ${#codes[@]} was ended by signal $((code - 128)) ($(kill -l "$code"))"
            return
        fi
    done
}

# Sets state_word since restarts code reason, of whoever called.
read_run() { # PIPE
    local pid='' started='' by='' from='' ended=''
    state_word=stopped since=- restarts=0 code='' reason=''
    [ ! -s "$state/run/$1.end" ] || . "$state/run/$1.end"
    [ ! -s "$state/run/$1.restarts" ] || restarts=$(<"$state/run/$1.restarts")
    since=${ended:--}
    read_words "$state/run/$1"
    if [ -n "$pid" ] && is_process "$pid" "$started"; then
        state_word=running
        [ "$restarts" != 0 ] || code='' reason=''
    elif [ -n "$code" ] && [ "$code" -ge 2 ] && [ "$code" -le 5 ]; then
        state_word=failed
    elif supervised || under_systemd; then
        state_word=waiting
    fi
}

#---------------------------------------------------------------------------- the keeper of one pipe
# By its number alone before it has a session of its own.
stop_child() {
    [ -z "$child" ] || kill -TERM -- "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null
}

keep() { # PIPE
    local pipe=$1 pause=1 code child='' began stopping='' napping=''
    local log=$state/logs/$pipe.log
    trap 'stopping=1; stop_child; [ -z "$napping" ] || kill "$napping" 2>/dev/null' TERM
    trap : INT HUP
    echo 0 >"$state/run/$pipe.restarts"
    while [ -z "$stopping" ]; do
        began=$SECONDS
        PIPELINE_KEPT=yes setsid "$self" ${env_file:+--env "$env_file"} run "$pipe" </dev/null >>"$log" 2>&1 {lock}>&- &
        child=$!
        [ -z "$stopping" ] || stop_child
        while wait "$child"; code=$?; start_of "$child"; do :; done
        end_group "$child" 30
        # Killed before it could say so itself.
        [ ! -s "$state/run/$pipe" ] || note_end "$pipe" "$code"
        child=''
        [ -z "$stopping" ] || break
        if [ "$code" -ge 2 ] && [ "$code" -le 5 ]; then
            say "'$pipe' ended with $code ($(what_code_is "$code")) and stays down; see: $name status"
            return "$code"
        fi
        [ $((SECONDS - began)) -lt 60 ] || pause=1
        say "'$pipe' ended with $code; started again in $pause s"
        nap "$pause"
        pause=$((pause * 2 < 60 ? pause * 2 : 60))
        echo $(($(<"$state/run/$pipe.restarts") + 1)) >"$state/run/$pipe.restarts"
    done
}

# Ends when `stopping` is set, too: by a trap that ends `napping`, for one that comes before the wait does not end it.
nap() { # SECONDS
    sleep "$1" {lock}>&- &
    napping=$!
    [ -n "$stopping" ] || wait "$napping"
    kill "$napping" 2>/dev/null
    napping=''
}

# What is left of a session whose first process has gone. 1: it had to be killed; 2: it is still there.
end_group() { # PID SECONDS
    local tries=$(($2 * 10))
    kill -TERM -- "-$1" 2>/dev/null
    while group_runs "$1"; do
        ((tries-- > 0)) || { kill_group "$1"; return; }
        sleep 0.1
    done
}
kill_group() { # PID
    local tries=20
    kill -KILL -- "-$1" 2>/dev/null
    while group_runs "$1"; do
        ((tries-- > 0)) || return 2
        sleep 0.1
    done
    return 1
}

#---------------------------------------------------------------------------- the supervisor
supervise() {
    local pipe keepers=() stopping='' napping='' keeper me=$BASHPID
    make_state
    exec {lock}>"$state/run/supervisor.lock"
    flock -n "$lock" || fail 1 "a supervisor runs already"
    start_of "$me"
    echo "pid=$me started=$REPLY" >"$state/run/supervisor"
    trap 'stopping=1; [ -z "$napping" ] || kill "$napping" 2>/dev/null' TERM INT
    trap : HUP
    say "started"
    for pipe in "${pipes[@]}"; do
        keep "$pipe" &
        keepers+=($!)
    done
    while [ -z "$stopping" ] && kill -0 "${keepers[@]}" 2>/dev/null; do
        nap 10
        rotate_logs
    done
    for keeper in "${keepers[@]}"; do kill -TERM "$keeper" 2>/dev/null; done
    for keeper in "${keepers[@]}"; do
        while wait "$keeper"; kill -0 "$keeper" 2>/dev/null; do :; done
    done
    rm -f "$state/run/supervisor"
    say "stopped"
}

supervisor_pid() {
    local pid='' started=''
    read_words "$state/run/supervisor"
    echo "$pid"
}

supervised() {
    local pid='' started=''
    [ -s "$state/run/supervisor" ] || return 1
    read_words "$state/run/supervisor"
    is_process "$pid" "$started"
}

anything_runs() {
    local pipe pid started by since from
    for pipe in "${pipes[@]}"; do
        [ -s "$state/run/$pipe" ] || continue
        read_words "$state/run/$pipe"
        ! group_runs "$pid" || return 0
    done
    return 1
}

# Pipes without a keeper, as a supervisor that was killed leaves them.
end_all() {
    local pipe pid='' started by since from code result=0
    for pipe in "${pipes[@]}"; do
        [ -s "$state/run/$pipe" ] || continue
        read_words "$state/run/$pipe"
        # Its number is another process's now.
        if [ -e "/proc/$pid" ] && ! is_process "$pid" "$started"; then
            rm -f "$state/run/$pipe"
            continue
        fi
        end_group "$pid" "${1:-30}"
        code=$?
        [ "$code" = 0 ] || result=1
        [ "$code" = 2 ] || rm -f "$state/run/$pipe"
    done
    return "$result"
}

stop_supervisor() {
    local pid tries=$((PIPELINE_STOP_S * 10)) result=0
    if supervised; then
        pid=$(supervisor_pid)
        kill -TERM "$pid" 2>/dev/null
        while group_runs "$pid"; do
            ((tries-- > 0)) || { kill -KILL -- "-$pid" 2>/dev/null; result=1; break; }
            sleep 0.1
        done
        [ "$result" = 0 ] || end_all 1
        supervised || rm -f "$state/run/supervisor"
    fi
    end_all "$PIPELINE_STOP_S" || result=1
    return "$result"
}

#---------------------------------------------------------------------------- logs
# The tools open a log anew at SIGHUP: cdc-toolkit(7).
rotate_logs() {
    local pipe log pid='' started since from
    for pipe in "${pipes[@]}" supervisor; do
        log=$state/logs/$pipe.log
        [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -gt "$PIPELINE_LOG_BYTES" ] || continue
        older_move_on "$log"
        mv -f "$log" "$log.1"
        : >>"$log"
        if [ "$pipe" = supervisor ]; then
            exec >>"$log" 2>&1
        elif [ -s "$state/run/$pipe" ]; then
            read_words "$state/run/$pipe"
            kill -HUP -- "-$pid" 2>/dev/null
        fi
    done
}
