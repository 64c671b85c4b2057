# Ports, and one server process with its children; sourced by scripts/services.
# A server is known by its pid and its start time, so that a reused pid is never touched.

# A new data folder, $state/data: a copy of KEPT, which the function MAKE makes the first time. A copy
# costs less than to make it anew, and tests start many servers.
prepared_data() { # kept, make
    if [[ ! -d $1 ]]; then
        "$2"
        mkdir -p "${1%/*}"
        cp -a "$state/data" "$1.$$"
        # Whoever made it first has it.
        mv -T "$1.$$" "$1" 2>/dev/null || rm -rf "$1.$$"
        return
    fi
    rm -rf "$state/new"
    cp -a "$1" "$state/new"
    rm -rf "$state/data"
    mv "$state/new" "$state/data"
}

# Asked many times a second, it starts no process.
start_of() { # pid: sets REPLY to its start time
    local line=
    { IFS= read -r -d '' line <"/proc/$1/stat"; } 2>/dev/null || true
    [[ -n $line ]] || return 1
    # The command name may hold spaces: count from behind its closing parenthesis.
    set -- ${line##*) }
    REPLY=${20}
    [[ $1 != Z ]]
}

server_pid() {
    local pid=
    [[ ! -s $state/pid ]] || read -r pid _ <"$state/pid"
    echo "$pid"
}

running() {
    local pid started
    [[ -s $state/pid ]] || return 1
    read -r pid started <"$state/pid"
    start_of "$pid" && [[ $REPLY == "$started" ]]
}

is_paused() {
    local line
    line=$(<"/proc/$(server_pid)/stat")
    set -- ${line##*) }
    [[ $1 == T ]]
}

choose_port() {
    local old=${port:-}
    port=$("$here/services.d/free_port.py" ${old:+--first "$old"}) || port=
    [[ -n $port ]] || fail "no free port"
    [[ -z $old || $old == "$port" ]] || say "port $old is taken; $name moves to $port"
    echo "$port" >"$state/port"
}

# Runs argv as a session of its own, with none of our descriptors.
launch() {
    (
        for fd in "/proc/$BASHPID/fd"/*; do
            fd=${fd##*/}
            ((fd > 2 && fd != 255)) && eval "exec $fd>&-"
        done
        cd /
        # shellcheck disable=SC2086
        exec setsid $run_as "${argv[@]}" </dev/null >>"$log" 2>&1
    ) &
    local pid=$!
    disown
    start_of "$pid" || REPLY=gone
    echo "$pid $REPLY" >"$state/pid"
}

wait_ready() {
    local deadline=$((SECONDS + ${CDC_SERVICES_WAIT:-60}))
    while ((SECONDS < deadline)); do
        running || return 1
        "${driver}_ready" && return 0
        sleep 0.05
    done
    return 1
}

children_of() { # pid: it and all below it
    local child
    echo "$1"
    for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
        children_of "$child"
    done
}

any_process_in() { # folder: is it the working folder of any process?
    local folder link
    folder=$(realpath "$1")
    for link in /proc/[0-9]*/cwd; do
        [[ $(readlink "$link" 2>/dev/null) != "$folder" ]] || return 0
    done
    return 1
}

signal_tree() { # signal; the server first, so that it starts no more children meanwhile
    local pid
    pid=$(server_pid)
    [[ $1 != STOP ]] || kill -STOP "$pid"
    # shellcheck disable=SC2046
    kill "-$1" $(children_of "$pid") 2>/dev/null || true
}

resume_tree() { signal_tree CONT; }

kill_tree() {
    local pid pids
    pid=$(server_pid)
    kill -STOP "$pid"
    pids=$(children_of "$pid")
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    # shellcheck disable=SC2086
    wait_gone $pids
}

wait_gone() { # pids, up to 30 s
    local pid tries=0
    for pid in "$@"; do
        while start_of "$pid"; do
            ((++tries < 600)) || return 1
            sleep 0.05
        done
    done
}

terminate() { # signal; a server that does not end by it within 30 s is killed
    local pid
    pid=$(server_pid)
    kill "-$1" "$pid" 2>/dev/null || true
    wait_gone "$pid" && return 0
    say "$name did not stop within 30 s; killing it"
    kill_tree
}

http_answers() { # is there a ClickHouse HTTP interface on our port?
    local line
    {
        exec 8<>"/dev/tcp/127.0.0.1/$port" || return 1
        printf 'GET /ping HTTP/1.0\r\n\r\n' >&8
        IFS= read -r -t 2 line <&8
        exec 8>&-
    } 2>/dev/null
    [[ $line == HTTP/*' 200 '* ]]
}
